"""Who is at the other end of a socket, as far as the socket and the HTTP headers can say."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_FORWARDING_PREFIXES: Final = ("x-forwarded-", "tailscale-")


@dataclass(frozen=True, slots=True)
class Peer:
    """The client end of a connection.

    `remote` is the address that counts for locks ("unix" for the control socket). `direct_local` means loopback TCP
    or the control socket with nobody in between (protocol.md 4.1). `forwarded` is set when forwarding headers were
    present; `trusted_proxy` when they came from a peer of `gateway.trustedProxies`. `secure`: nobody on the network
    can read along (TLS, this machine itself, or a trusted proxy that says it was spoken to over https).
    """

    remote: str
    direct_local: bool
    control: bool = False
    forwarded: bool = False
    trusted_proxy: bool = False
    secure: bool = False

    def __post_init__(self) -> None:
        if self.direct_local or self.control:
            object.__setattr__(self, "secure", True)

    @property
    def rejected(self) -> bool:
        """True when someone we do not trust claims to speak for another address."""
        return self.forwarded and not self.trusted_proxy


def has_forwarding(headers: Mapping[str, str]) -> bool:
    """Tell whether any header says that the request came through a proxy. Names are in lower case."""
    return any(name == "forwarded" or name == "x-real-ip" or name.startswith(_FORWARDING_PREFIXES) for name in headers)


def classify(
    address: str,
    headers: Mapping[str, str],
    trusted_proxies: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network],
    *,
    tls: bool = False,
) -> Peer:
    """Return the peer for a TCP connection from `address`; `headers` have lower-case names."""
    ip = _parse(address)
    loopback = ip is not None and ip.is_loopback
    if not has_forwarding(headers):
        return Peer(address, direct_local=loopback, secure=tls)
    trusted = ip is not None and any(ip in network for network in trusted_proxies)
    if not trusted:
        return Peer(address, direct_local=False, forwarded=True, secure=tls)
    client = _forwarded_client(headers, trusted_proxies) or address
    secure = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower() in ("https", "wss")
    return Peer(client, direct_local=False, forwarded=True, trusted_proxy=True, secure=secure and (tls or loopback))


def encrypted(transport: asyncio.BaseTransport) -> bool:
    """Tell whether a transport speaks TLS."""
    return transport.get_extra_info("sslcontext") is not None


def on_unix_socket(transport: asyncio.BaseTransport) -> bool:
    """Tell whether a transport belongs to the control socket. The family counts: an address may be gone already."""
    sock = transport.get_extra_info("socket")
    return sock is not None and sock.family == socket.AF_UNIX


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text.strip().strip("[]").split("%", 1)[0])
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    return ip


def _forwarded_client(
    headers: Mapping[str, str], trusted: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> str | None:
    """The last address of X-Forwarded-For that is no proxy of ours: what stands before it anyone can write."""
    for part in reversed(headers.get("x-forwarded-for", "").split(",")):
        ip = _parse(part)
        if ip is None:
            continue
        if not any(ip in network for network in trusted):
            return str(ip)
    real = _parse(headers.get("x-real-ip", ""))
    return str(real) if real is not None else None
