"""Addresses of this machine, asked of the kernel over netlink (rtnetlink(7), RTM_GETADDR).

Netlink, because it is the one source that knows both families, every address of an interface and their scopes.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_RTM_NEWADDR: Final = 20
_RTM_GETADDR: Final = 22
_NLM_F_REQUEST_DUMP: Final = 0x1 | 0x300
_NLMSG_ERROR: Final = 2
_NLMSG_DONE: Final = 3
_IFA_ADDRESS: Final = 1
_IFA_LOCAL: Final = 2
_IFA_FLAGS: Final = 8
_F_TEMPORARY: Final = 0x01  # privacy extensions of IPv6: another tomorrow
_F_UNUSABLE: Final = 0x08 | 0x20 | 0x40  # duplicate, deprecated, tentative
_BUFFER_BYTES: Final = 64 * 1024
_MAX_ADDRESSES: Final = 256
_HEADER: Final = struct.Struct("=IHHII")
_IFADDR: Final = struct.Struct("=BBBBI")

# Bridges and pairs of container and virtual-machine hosts: a phone cannot reach what is behind them.
_INNER: Final = ("docker", "br-", "veth", "virbr", "lxc", "lxd", "podman", "cni", "flannel", "cali", "vnet")


@dataclass(frozen=True, slots=True)
class Address:
    """One address of an interface."""

    interface: str
    ip: IpAddress

    @property
    def inner(self) -> bool:
        """True for addresses that only guests of this machine see."""
        return self.ip.is_loopback or self.interface.startswith(_INNER)

    @property
    def tailnet(self) -> bool:
        return self.interface.startswith("tailscale") or is_tailnet(self.ip)


def is_tailnet(ip: IpAddress) -> bool:
    """Tell whether an address is one that Tailscale gives out (100.64.0.0/10, fd7a:115c:a1e0::/48)."""
    return any(ip.version == network.version and ip in network for network in _TAILNET)


_TAILNET: Final = (ipaddress.ip_network("100.64.0.0/10"), ipaddress.ip_network("fd7a:115c:a1e0::/48"))


def addresses() -> tuple[Address, ...]:
    """Return the usable addresses of every interface, lasting ones only. Empty when the kernel does not say."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as asked:
            asked.setblocking(False)  # the kernel answers a dump within the send
            asked.bind((0, 0))
            asked.send(_HEADER.pack(_HEADER.size + _IFADDR.size, _RTM_GETADDR, _NLM_F_REQUEST_DUMP, 1, 0) + bytes(8))
            return tuple(_dump(asked))
    except OSError:
        return ()


def _dump(asked: socket.socket) -> Iterator[Address]:
    left = _MAX_ADDRESSES
    while left > 0:
        data = asked.recv(_BUFFER_BYTES)
        offset = 0
        while offset + _HEADER.size <= len(data):
            size, kind, *_ = _HEADER.unpack_from(data, offset)
            if kind in (_NLMSG_DONE, _NLMSG_ERROR) or size < _HEADER.size:
                return
            if kind == _RTM_NEWADDR and left > 0:
                left -= 1
                found = _address(data[offset + _HEADER.size : offset + size])
                if found is not None:
                    yield found
            offset += (size + 3) & ~3


def _address(message: bytes) -> Address | None:
    if len(message) < _IFADDR.size:
        return None
    _, _, flags, _, index = _IFADDR.unpack_from(message)
    parts = dict(_attributes(message[_IFADDR.size :]))
    if len(wide := parts.get(_IFA_FLAGS, b"")) == 4:
        flags = int.from_bytes(wide, "little" if struct.pack("=H", 1)[0] else "big")
    raw = parts.get(_IFA_LOCAL) or parts.get(_IFA_ADDRESS)  # IFA_ADDRESS is the other end of a point-to-point link
    if raw is None or len(raw) not in (4, 16) or flags & _F_UNUSABLE or (len(raw) == 16 and flags & _F_TEMPORARY):
        return None
    try:
        return Address(socket.if_indextoname(index), ipaddress.ip_address(raw))
    except OSError:
        return None  # the interface went away


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, offset)
        if size < 4:
            return
        yield kind, data[offset + 4 : offset + size]
        offset += (size + 3) & ~3


def read_address(text: str) -> IpAddress | None:
    """Return what a text says as an address, None when it is none; IPv4 inside IPv6 is IPv4."""
    try:
        ip = ipaddress.ip_address(text.split("%", 1)[0])
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if isinstance(ip, ipaddress.IPv6Address) else ip
