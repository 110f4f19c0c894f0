"""Which web pages may talk to this gateway, and under which host names it answers browsers.

Without these two checks any page on the net could reach a gateway on the visitor's own machine (CVE-2026-25253), with
a name of its own that it lets point to 127.0.0.1 (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

_PRIVATE_SUFFIXES = (".localhost", ".local", ".ts.net", ".home.arpa", ".internal", ".lan")
"""Names that the public DNS cannot be made to answer, or that only their owner can set (Tailscale)."""


_LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})


@dataclass(frozen=True, slots=True)
class OriginPolicy:
    """`gateway.controlUi.allowedOrigins`, and names by which this machine is known."""

    allowed_origins: tuple[str, ...] = ()
    own_hosts: frozenset[str] = field(default_factory=frozenset)

    def allows_origin(self, origin: str, host: str, *, direct_local: bool) -> bool:
        """Tell whether a page from `origin` may open a socket that asked for `host`.

        Allowed: an origin of the list (`*` is all), a page of this gateway itself, or a page served by this machine
        (loopback to loopback).
        """
        wanted = _normal_origin(origin)
        if wanted is None:
            return origin == "null" and "null" in self.allowed_origins
        if "*" in self.allowed_origins or wanted in {_normal_origin(one) for one in self.allowed_origins}:
            return True
        if direct_local and _is_loopback(_host_of(urlsplit(wanted).netloc)):
            return self.allows_host(host, direct_local=True)
        same = wanted.split("://", 1)[1] == _authority(wanted, host)
        return same and self.allows_host(host, direct_local=direct_local)

    def names_origin(self, origin: str, host: str, *, direct_local: bool) -> bool:
        """Tell whether `origin` is a page of ours or of a listed origin: `*` and `null` are nobody in particular."""
        listed = tuple(one for one in self.allowed_origins if one not in ("*", "null"))
        return replace(self, allowed_origins=listed).allows_origin(origin, host, direct_local=direct_local)

    def allows_host(self, host: str, *, direct_local: bool = False) -> bool:
        """Tell whether `host` (a Host header) is a name that no stranger can point at this machine.

        A neighbour can: whoever answers mDNS or LLMNR makes `evil.local` or `evil` lead to 127.0.0.1, where a browser
        is the owner's. So a browser on this machine (`direct_local`) uses names of this machine only.
        """
        name = _host_of(host)
        if not name:
            return False
        if name in self.own_hosts or _is_address(name):
            return True
        if _is_loopback(name) or (not direct_local and ("." not in name or name.endswith(_PRIVATE_SUFFIXES))):
            return True
        return name in {_host_of(urlsplit(one).netloc) for one in self.allowed_origins}


def own_hosts(names: Iterable[str]) -> frozenset[str]:
    """Return host names as `OriginPolicy` compares them."""
    return frozenset(name.strip().rstrip(".").lower() for name in names if name.strip())


def _normal_origin(origin: str) -> str | None:
    """`scheme://host[:port]` in lower case without the default port; None when it is no web origin."""
    try:
        parts = urlsplit(origin.strip().lower())
        port = parts.port
    except ValueError:
        return None
    if not parts.scheme or not parts.hostname or parts.username is not None:
        return None
    if (parts.scheme, port) in (("http", 80), ("https", 443)):
        port = None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")


def _authority(origin: str, host: str) -> str | None:
    """The Host header in the form of the origin's authority, so that default ports do not matter."""
    normal = _normal_origin(f"{origin.split('://', 1)[0]}://{host}")
    return None if normal is None else normal.split("://", 1)[1]


def _host_of(authority: str) -> str:
    try:
        return (urlsplit(f"//{authority.strip().lower()}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.split("%", 1)[0])
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    if name in _LOOPBACK_NAMES or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
