"""The first reader of every accepted socket: WebSocket upgrades go to us, everything else to aiohttp.

A socket that sends nothing is one small object here; no task, no timer and no parser exist for it.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from appliance.gateway.transport.head import FIRST_BYTES, MAX_HEAD_BYTES, TOO_LARGE, Head, answer_upgrade, parse_head
from appliance.gateway.transport.lobby import Lobby, source_of
from appliance.gateway.transport.owners import Owners
from appliance.gateway.transport.peer import Peer, classify, encrypted
from appliance.protocol.version import HANDSHAKE_TIMEOUT_S

_HTTP_PATIENCE_S: Final = 3600.0
"""aiohttp has its own timers; an HTTP connection is only counted here until a bearer vouches for it."""


class Upgraded(asyncio.Protocol):
    """What an upgraded connection must be: a protocol that can wait in the lobby."""

    __slots__ = ()

    def expel(self, *, late: bool) -> None:
        raise NotImplementedError

    def gone(self) -> bool:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Doors:
    """Where a connection goes once its first bytes are known."""

    websocket: Callable[[Peer, Head], Upgraded]
    http: Callable[[], asyncio.Protocol]
    lobby: Lobby
    trusted_proxies: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network] = ()
    owners: Owners = field(default_factory=Owners)


class HttpGuest:
    """An HTTP connection in the lobby."""

    __slots__ = ("transport",)

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HttpGuest) and other.transport is self.transport

    def __hash__(self) -> int:
        return id(self.transport)

    def expel(self, *, late: bool) -> None:
        self.transport.abort()

    def gone(self) -> bool:
        return self.transport.is_closing()


class Front(asyncio.Protocol):
    """Reads one request head, then hands the transport over and is gone."""

    __slots__ = ("_control", "_doors", "_head", "_transport")

    def __init__(self, doors: Doors, *, control: bool = False) -> None:
        self._doors = doors
        self._control = control
        self._head = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._control and not self._doors.owners.may(self._transport.get_extra_info("socket")):
            self._transport.abort()
            return
        source = source_of(transport.get_extra_info("peername"))
        self._doors.lobby.enter(self, HANDSHAKE_TIMEOUT_S, source=source, heavy=encrypted(transport))

    def connection_lost(self, exc: Exception | None) -> None:
        self._doors.lobby.leave(self)
        self._transport = None

    def expel(self, *, late: bool) -> None:
        if self._transport is not None:
            self._transport.abort()

    def gone(self) -> bool:
        return self._transport is None

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return  # refused; what still arrives is of no interest
        if not self._head and data[0] not in FIRST_BYTES:
            self._transport.abort()  # TLS where there is none, or nothing that we speak: it need not wait for us
            return
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if (end if end >= 0 else len(self._head)) > MAX_HEAD_BYTES:
            self._refuse(TOO_LARGE)
            return
        if end < 0:
            return
        head = parse_head(self._head[:end])
        if head is None or not head.upgrades:
            self._to_http()
        else:
            self._upgrade(head, self._head[end + 4 :])

    def _to_http(self) -> None:
        transport = self._release()
        if transport is None:
            return
        handler = self._doors.http()
        source = source_of(transport.get_extra_info("peername"))
        self._doors.lobby.enter(HttpGuest(transport), _HTTP_PATIENCE_S, source=source, heavy=encrypted(transport))
        transport.set_protocol(handler)
        handler.connection_made(transport)
        handler.data_received(self._head)

    def _upgrade(self, head: Head, rest: bytes) -> None:
        transport = self._transport
        if transport is None:
            return
        upgraded, response = answer_upgrade(head)
        if not upgraded:
            self._refuse(response)
            return
        transport.write(response)
        connection = self._doors.websocket(self._peer(transport, head), head)
        self._doors.lobby.swap(self, connection)
        self._transport = None
        transport.set_protocol(connection)
        connection.connection_made(transport)
        if rest:
            connection.data_received(rest)

    def _refuse(self, response: bytes) -> None:
        transport = self._release()
        if transport is not None:
            transport.write(response)
            transport.close()

    def _release(self) -> asyncio.Transport | None:
        transport, self._transport = self._transport, None
        self._doors.lobby.leave(self)
        return transport

    def _peer(self, transport: asyncio.Transport, head: Head) -> Peer:
        if self._control:
            return Peer("unix", direct_local=True, control=True)
        name = transport.get_extra_info("peername")
        address = name[0] if name else ""
        return classify(address, head.headers, self._doors.trusted_proxies, tls=encrypted(transport))
