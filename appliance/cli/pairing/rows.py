"""Devices and their rights as text for people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from appliance.cli.render import age, table

SHORT: Final = 8
"""Characters of an id that are shown; any beginning that fits only one is enough to type."""

_WORDS: Final = {
    "operator.admin": "everything, also settings and other devices",
    "operator.write": "talk to the assistant and let it act",
    "operator.read": "read conversations",
    "operator.approvals": "decide whether a tool may run",
    "operator.questions": "answer questions of the assistant",
    "operator.pairing": "manage devices",
    "operator.talk": "voice",
    "operator.talk.secrets": "keys of voice services",
    "operator.sessions.read": "read single conversations",
    "operator.sessions.write": "write in single conversations",
}

_CLIENTS: Final = {
    "openclaw-control-ui": "web app",
    "openclaw-android": "Android app",
    "openclaw-ios": "iOS app",
    "openclaw-macos": "macOS app",
    "openclaw-tui": "terminal",
    "node-host": "node",
    "cli": "command line",
}
"""What a client is called that did not say a name."""


def access(row: Mapping[str, Any]) -> str:
    """Return what a device may do now, in one or two words."""
    roles, scopes = row.get("roles") or [row.get("role")], set(row.get("scopes") or ())
    if row.get("tokens"):
        # What was approved once opens nothing without a token: the list must not call a revoked device an owner.
        live = _live(row)
        if not live:
            return "revoked"
        roles, scopes = [token.get("role") for token in live], set(_rights(row))
    if "operator" not in roles:
        return "node"
    word = "read only"
    if "operator.admin" in scopes:
        word = "full"
    elif "operator.write" in scopes:
        word = "limited"
    elif not scopes:
        word = "nothing"
    return f"{word}, node" if "node" in roles else word


def fingerprint(device_id: str) -> str:
    """Return the beginning of the SHA-256 of the public key, in groups that can be compared by eye."""
    return " ".join(device_id[start : start + 4] for start in range(0, 16, 4))


def name_of(row: Mapping[str, Any]) -> str:
    """Return what a device is called, printable: the name was chosen by a stranger."""
    client = str(row.get("clientId") or "unnamed")
    name = row.get("operatorLabel") or row.get("displayName") or _CLIENTS.get(client, client)
    return plain(str(name))[:64]


def plain(text: str) -> str:
    """Return `text` without anything that could move the cursor or colour the terminal."""
    return "".join(one if one.isprintable() else "?" for one in text)


def scopes_of(row: Mapping[str, Any]) -> str:
    """Return scopes in the short form of the tables."""
    return ", ".join(plain(str(scope)).removeprefix("operator.") for scope in _rights(row)) or "-"


def _rights(row: Mapping[str, Any]) -> list[str]:
    """Return the scopes that count: of a paired device those of its tokens, of a request what it asks for."""
    if not row.get("tokens"):
        return list(row.get("scopes") or ())
    return list(dict.fromkeys(scope for token in _live(row) for scope in token.get("scopes") or ()))


def _live(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [token for token in row["tokens"] if token.get("revokedAtMs") is None]


def listed(answer: Mapping[str, Any], now_ms: int) -> str:
    """Return the answer of device.pair.list as text."""
    parts = []
    if answer["pending"]:
        head = ("REQUEST", "NAME", "ROLE", "FROM", "FINGERPRINT", "ASKS FOR")
        rows = [
            (
                row["requestId"][:SHORT],
                name_of(row),
                row["role"],
                plain(row.get("remoteIp", "-")),
                fingerprint(row["deviceId"]),
                scopes_of(row),
            )
            for row in answer["pending"]
        ]
        parts.append(f"Waiting for your decision (homarus devices approve | reject REQUEST):\n{table(head, rows)}")
    if answer["paired"]:
        head = ("DEVICE", "NAME", "MAY", "SEEN", "FINGERPRINT", "SCOPES")
        rows = [
            (
                row["deviceId"][:SHORT],
                name_of(row),
                access(row),
                seen(row, now_ms),
                fingerprint(row["deviceId"]),
                scopes_of(row),
            )
            for row in answer["paired"]
        ]
        parts.append(table(head, rows))
    return "\n\n".join(parts) or "No device is paired yet. `homarus pair` shows a code for one."


def seen(row: Mapping[str, Any], now_ms: int) -> str:
    """Return when a device last gave a sign of life."""
    if row.get("connected"):
        return "connected"
    last = row.get("lastSeenAtMs")
    if not isinstance(last, int):
        return "never"
    gone = age(max(0, now_ms - last))
    return "just now" if gone == "now" else f"{gone} ago"


def described(row: Mapping[str, Any]) -> str:
    """Return a device that waits as a paragraph: who asks, from where, and what it would be allowed."""
    kind = ", ".join(plain(str(row[part])) for part in ("platform", "deviceFamily", "clientId") if row.get(part))
    lines = [
        f"Request {row['requestId'][:SHORT]} from {name_of(row)}" + (f" ({kind})" if kind else ""),
        f"  from         {plain(row.get('remoteIp', 'this machine'))}",
        f"  key          {fingerprint(row['deviceId'])}",
        f"  wants to be  {_role(row['role'])}",
        *(f"  may          {line}" for line in may(row.get("scopes") or ())),
    ]
    if row.get("isRepair"):
        lines.append("  NOTE         this device id was paired with another key before")
    return "\n".join(lines)


def may(scopes: Iterable[str]) -> list[str]:
    """Return scopes in words, the strongest first; one that this program does not know by its name."""
    known = [word for scope, word in _WORDS.items() if scope in scopes]
    return known + [plain(scope) for scope in scopes if scope not in _WORDS]


def _role(role: str) -> str:
    if role == "node":
        return "a node: the assistant may use what it offers, after your approval of each part"
    return "an operator: a person talks to the assistant with it"
