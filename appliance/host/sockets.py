"""Whose a TCP connection on this machine is, from the tables of the kernel (proc(5), /proc/net/tcp)."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from typing import Final

_MAX_BYTES: Final = 4 * 1024 * 1024
_ESTABLISHED: Final = "01"


def owner_of(host: str, port: int, proc: Path = Path("/proc")) -> int | None:
    """Return the user id of the local end `host`:`port` of a connection that stands; None when it is not of here."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return None
    wanted = f"{_hexadecimal(ip)}:{port:04X}"
    table = proc / "net" / ("tcp6" if ip.version == 6 else "tcp")
    try:
        with table.open("rb") as file:
            lines = file.read(_MAX_BYTES).decode("ascii", "replace").splitlines()[1:]
    except OSError:
        return None
    for line in lines:
        fields = line.split()
        if len(fields) > 7 and fields[1] == wanted and fields[3] == _ESTABLISHED and fields[7].isdigit():
            return int(fields[7])
    return None


def _hexadecimal(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """An address as the kernel prints it: words of four bytes in the order of the processor."""
    raw = ip.packed
    words = [raw[at : at + 4] for at in range(0, len(raw), 4)]
    return "".join((word[::-1] if sys.byteorder == "little" else word).hex() for word in words).upper()
