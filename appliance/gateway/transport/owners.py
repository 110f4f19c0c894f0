"""Who may use the control socket, asked of the kernel: root, the gateway's own user, members of the admin group.

SO_PEERCRED and SO_PEERGROUPS (socket(7), Linux 4.13) tell of the moment of the connect; a client cannot claim either.
"""

from __future__ import annotations

import grp
import os
import socket
import struct
from typing import Final

_CREDENTIALS: Final = struct.Struct("3i")
_SO_PEERGROUPS: Final = 59
_MAX_GROUPS_BYTES: Final = 1024  # all that Python asks for; 256 groups


class Owners:
    """The answer for one gateway. `group`: name of a group of the system; one that is not there has no members."""

    def __init__(self, group: str = "") -> None:
        self.group_id = _group_id(group) if group else None

    def may(self, sock: socket.socket | None) -> bool:
        """Tell whether the process at the other end of a Unix socket administers this gateway."""
        if sock is None:
            return False
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, user, group = _CREDENTIALS.unpack(credentials)
        if user in (0, os.getuid()):
            return True
        return self.group_id is not None and (group == self.group_id or self.group_id in _groups(sock))


def _groups(sock: socket.socket) -> tuple[int, ...]:
    try:
        raw = sock.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MAX_GROUPS_BYTES)
    except OSError:
        return ()  # an old kernel, or more groups than anybody has: not a member
    return struct.unpack(f"{len(raw) // 4}I", raw)


def _group_id(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None
