"""Sockets to listen on, opened so that IPv4 and IPv6 stay apart and a restart does not wait for old connections."""

from __future__ import annotations

import errno
import logging
import socket
from typing import Final

from appliance.foundation.errors import ApplianceError

_log = logging.getLogger(__name__)

BACKLOG: Final = 1024
_IP_FREEBIND: Final = 15
"""linux/in.h: listen on an address that comes later (tailscaled or DHCP may start after us)."""

_NO_IPV6: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})


class BindError(ApplianceError):
    """The gateway cannot listen where it was told to."""

    code = "bind_failed"


def listening_socket(host: str, port: int) -> socket.socket | None:
    """Return a socket that listens on one address; None for "::" where the kernel has no IPv6. Raises BindError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        if host == "::" and error.errno in _NO_IPV6:
            return None
        raise _cannot(host, port, error) from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        _bind(sock, host, port)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        if host == "::" and error.errno in _NO_IPV6:
            return None
        raise _cannot(host, port, error) from error
    return sock


def _bind(sock: socket.socket, host: str, port: int) -> None:
    try:
        sock.bind((host, port))
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL or host == "::":
            raise
        _log.warning("the address %s is not there yet; listening for when it comes", host)
        sock.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        sock.bind((host, port))


def _cannot(host: str, port: int, error: OSError) -> BindError:
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return BindError(
        f"cannot listen on {where}: {error.strerror or error}; set another port with --port or gateway.port"
    )
