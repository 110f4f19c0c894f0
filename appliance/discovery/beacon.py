"""What a gateway announces (protocol.md 13), as a value: instance name, port and TXT record. Pure.

Whoever is on the network may announce anything. A record that was heard is a hint: clients connect to the address that
was resolved, and a fingerprint that they stored wins over one that they hear.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

SERVICE_TYPE: Final = "_openclaw-gw._tcp"
_LABEL_BYTES: Final = 63  # RFC 6763 4.1.1: an instance name is one DNS label
_PAIR_BYTES: Final = 255  # RFC 6763 6.1
_MAX_PAIRS: Final = 32
_FINGERPRINT_CHARS: Final = 64
_MAX_PORT: Final = 65535

Mode = Literal["minimal", "full"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to tell. `fingerprint` is the SHA-256 of the certificate in hex, None without TLS."""

    host: str
    port: int
    display_name: str = ""
    fingerprint: str | None = None
    tls: bool = False
    tailnet_name: str = ""
    ssh_port: int = 22
    cli_path: str = ""


@dataclass(frozen=True, slots=True)
class Beacon:
    """One service to publish. `host` is the name whose addresses are published, without `.local`."""

    instance: str
    host: str
    port: int
    txt: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> str:
        """Return it as one line, for the process that publishes it."""
        return json.dumps({"instance": self.instance, "host": self.host, "port": self.port, "txt": dict(self.txt)})

    @classmethod
    def decode(cls, text: str) -> Beacon:
        """Read what `encode` wrote. Raises ValueError."""
        try:
            found = json.loads(text)
            txt = {str(key): str(value) for key, value in found["txt"].items()}
            return cls(str(found["instance"]), str(found["host"]), int(found["port"]), txt)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not a beacon: {error!r}") from error


def beacon(facts: Facts, mode: Mode) -> Beacon:
    """Return what to publish. `full` also tells the tailnet name, the SSH port and where the command line is."""
    txt = {
        "role": "gateway",
        "gatewayPort": str(facts.port),
        "lanHost": f"{facts.host}.local",
        "displayName": facts.display_name or facts.host,
        "transport": "gateway",
    }
    if facts.tls and facts.fingerprint:
        txt |= {"gatewayTls": "1", "gatewayTlsSha256": facts.fingerprint}
    txt["gatewayDirectReachable"] = "1"
    if mode == "full":
        full = {"tailnetDns": facts.tailnet_name, "sshPort": str(facts.ssh_port), "cliPath": facts.cli_path}
        txt |= {key: value for key, value in full.items() if value}
    fits = {key: cut(value, _PAIR_BYTES - len(key) - 1) for key, value in txt.items()}
    return Beacon(cut(f"{facts.host} (OpenClaw)", _LABEL_BYTES), facts.host, facts.port, fits)


def renamed(name: str, attempt: int) -> str:
    """Return the name for the n-th try after a conflict, as RFC 6763 D.2 proposes: `name (2)`; it stays one label."""
    if attempt <= 1:
        return name
    end = f" ({attempt})"
    return cut(name, _LABEL_BYTES - len(end)) + end


def cut(text: str, limit: int) -> str:
    """Return as much of `text` as fits into `limit` bytes of UTF-8, in whole characters."""
    return text.encode()[: max(0, limit)].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Advert:
    """What a record says. Every field is the claim of a stranger."""

    display_name: str = ""
    port: int | None = None
    lan_host: str = ""
    tls: bool = False
    fingerprint: str | None = None
    tailnet_name: str = ""


def advert(txt: Mapping[bytes, bytes | None]) -> Advert:
    """Read a TXT record; what is malformed counts as not said."""
    said: dict[str, str] = {}
    for key, value in list(txt.items())[:_MAX_PAIRS]:
        said.setdefault(key.decode("ascii", "replace").lower(), _printable(value or b""))
    if said.get("role") not in (None, "gateway"):
        return Advert()
    fingerprint = said.get("gatewaytlssha256", "").replace(":", "").lower()
    port = said.get("gatewayport", "")
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= len(str(_MAX_PORT)) else 0
    return Advert(
        display_name=said.get("displayname", ""),
        port=number if 0 < number <= _MAX_PORT else None,
        lan_host=said.get("lanhost", ""),
        tls=said.get("gatewaytls") == "1",
        fingerprint=fingerprint if _is_sha256(fingerprint) else None,
        tailnet_name=said.get("tailnetdns", ""),
    )


def _printable(value: bytes) -> str:
    """Names from the network go to terminals: control characters could rewrite what is on the screen."""
    return "".join(char for char in value[:_PAIR_BYTES].decode("utf-8", "replace") if char.isprintable())


def _is_sha256(text: str) -> bool:
    return len(text) == _FINGERPRINT_CHARS and all(char in "0123456789abcdef" for char in text)
