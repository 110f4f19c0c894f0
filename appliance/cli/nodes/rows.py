"""Nodes and what they ask for as text. Names and commands were chosen by strangers: all is made printable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from appliance.cli.pairing.rows import SHORT, fingerprint, name_of, plain
from appliance.cli.render import age, size, table

NONE: Final = "There are no nodes yet. `homarus pair --profile node` shows a line that makes a machine one."
_SHOWN: Final = 6
_ALARMING: Final = {
    "system.run": "runs programs on it",
    "system.execApprovals": "reads and changes which programs it may run",
    "browser.proxy": "uses its browser",
    "fs.listDir": "lists its files",
    "terminal.upload": "puts files on it",
    "camera.": "uses its camera",
    "screen.": "sees its screen",
    "location.": "knows where it is",
    "sms.": "reads and sends messages",
    "contacts.": "reads contacts",
}
"""What a command means to the owner who is asked for it."""


def listed(answer: Mapping[str, Any], now_ms: int) -> str:
    """Return the answer of node.list as text."""
    nodes = answer["nodes"]
    waiting = [row for row in nodes if row.get("pendingRequestId")]
    parts = []
    if nodes:
        head = ("NODE", "NAME", "PLATFORM", "STATE", "SEEN", "MAY BE ASKED FOR")
        parts.append(table(head, [_cells(row, now_ms) for row in nodes]))
    else:
        parts.append(NONE)
    for row in waiting:
        asked = _short(row.get("pendingDeclaredCommands") or ())
        request = str(row["pendingRequestId"])[:SHORT]
        parts.append(f"{name_of(row)} waits for your decision: {asked}\n    homarus nodes approve {request}")
    return "\n\n".join(parts)


def _cells(row: Mapping[str, Any], now_ms: int) -> tuple[str, ...]:
    seen = row.get("lastSeenAtMs") or row.get("lastConnectedAtMs")
    when = "now" if row["connected"] else f"{age(max(0, now_ms - seen))} ago" if seen else "never"
    state = "connected" if row["connected"] else "away"
    if row.get("pendingRequestId"):
        state += ", waits"
    elif not row["paired"]:
        state += ", not approved"
    return (row["nodeId"][:SHORT], name_of(row), plain(row["platform"]), state, when, _short(row["commands"]))


def rights(row: Mapping[str, Any]) -> str:
    """Return every command of a row."""
    return ", ".join(plain(str(one)) for one in row.get("commands") or ()) or "nothing"


def described(row: Mapping[str, Any]) -> str:
    """Return one node in full."""
    stats = row.get("hostStats")
    facts: list[tuple[str, object]] = [
        ("name", name_of(row)),
        ("id", row["nodeId"]),
        ("platform", plain(row["platform"])),
        ("model", plain(str(row.get("modelIdentifier") or ""))),
        ("client", plain(f"{row['clientId']} {row.get('version') or ''}".strip())),
        ("address", plain(str(row.get("remoteIp") or ""))),
        ("state", "connected" if row["connected"] else "away"),
        ("approval", row["approvalState"]),
        ("capabilities", ", ".join(plain(str(one)) for one in row["caps"])),
        ("commands", rights(row)),
        ("asks for", ", ".join(plain(str(one)) for one in row.get("pendingDeclaredCommands") or ())),
        ("machine", _machine(stats) if isinstance(stats, dict) else ""),
    ]
    return "\n".join(f"{name + ':':<14}{value}" for name, value in facts if value)


def waiting(row: Mapping[str, Any]) -> str:
    """Return what a node asks for, and what the alarming part of it means."""
    lines = [
        f"{name_of(row)} ({plain(row['platform'])}, {plain(str(row.get('remoteIp') or 'address unknown'))}), "
        f"fingerprint {fingerprint(row['nodeId'])}",
        f"  wants to be asked for: {rights(row)}",
        *(f"  ! {meaning}" for meaning in _meanings(row.get("commands") or ())),
    ]
    return "\n".join(lines)


def _meanings(commands: Iterable[str]) -> list[str]:
    commands = list(commands)
    return [
        f"the assistant then {meaning}"
        for prefix, meaning in _ALARMING.items()
        if any(command.startswith(prefix) for command in commands)
    ]


def _short(commands: Iterable[str]) -> str:
    names = [plain(str(one)) for one in commands]
    more = f", … ({len(names)})" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "nothing") + more


def _machine(stats: Mapping[str, Any]) -> str:
    load = " ".join(f"{one:.2f}" for one in stats.get("loadAverage") or ())
    memory = f"{size(stats['memoryFreeBytes'])} of {size(stats['memoryTotalBytes'])} free"
    disk = f"{size(stats['diskAvailableBytes'])} of {size(stats['diskTotalBytes'])} free"
    return f"{stats['cpuCount']} cores, load {load}, memory {memory}, disk {disk}"


def told(payload: Any) -> str:
    """Return what a node answered: text as it is without what could steer a terminal, values as JSON."""
    if isinstance(payload, str):
        return "\n".join(plain(line) for line in payload.splitlines())
    return json.dumps(payload, ensure_ascii=True, indent=2)
