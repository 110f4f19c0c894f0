"""Whether this machine knows a way out: the default routes of the kernel.

Sources: proc(5) for /proc/net/route, net/ipv6/route.c of the kernel (rt6_info_route) for ipv6_route, linux/route.h.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_RTF_UP = 0x1
_RTF_REJECT = 0x200  # the kernel's own "unreachable" default of IPv6 has it
_MAX_BYTES = 256 * 1024  # thousands of routes; a default route of a box stands among the first


class RouteReader:
    """Reads the tables below `root`; tests pass recorded files."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._net = root / "proc/net"

    def has_default_route(self) -> bool | None:
        """Tell whether a default route is up, of IPv4 or of IPv6; None when no table can be read. Never raises."""
        found = [self._any("route", _is_default_v4), self._any("ipv6_route", _is_default_v6)]
        if any(found):
            return True
        return None if all(one is None for one in found) else False

    def default_interface(self) -> str | None:
        """Return the interface that IPv4 leaves by, the one of the lowest metric; None when there is none."""
        found: list[tuple[int, str]] = []
        for line in self._lines("route"):
            fields = line.split()
            if _is_default_v4(fields) and fields[6].isdigit():
                found.append((int(fields[6]), fields[0]))
        return min(found)[1] if found else None

    def _lines(self, name: str) -> list[str]:
        try:
            with (self._net / name).open("rb") as file:
                return file.read(_MAX_BYTES).decode("ascii", "replace").splitlines()
        except OSError:
            return []

    def _any(self, name: str, is_default: Callable[[list[str]], bool]) -> bool | None:
        try:
            with (self._net / name).open("rb") as file:
                text = file.read(_MAX_BYTES).decode("ascii", "replace")
        except OSError:
            return None
        return any(is_default(line.split()) for line in text.splitlines())


def _is_default_v4(fields: list[str]) -> bool:
    """Fields: interface, destination, gateway, flags, references, uses, metric, mask, …: hex without prefix."""
    if len(fields) < 8 or fields[0] == "lo":
        return False
    return fields[1] == fields[7] == "0" * 8 and _usable(fields[3])


def _is_default_v6(fields: list[str]) -> bool:
    """Fields: destination, its length, source, its length, next hop, metric, references, uses, flags, interface."""
    if len(fields) < 10 or fields[9] == "lo":
        return False
    return fields[0] == "0" * 32 and fields[1] == "00" and _usable(fields[8])


def _usable(text: str) -> bool:
    try:
        flags = int(text, 16)
    except ValueError:
        return False
    return bool(flags & _RTF_UP) and not flags & _RTF_REJECT
