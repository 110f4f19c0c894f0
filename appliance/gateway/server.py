"""The gateway as a service: binds, wires one set of connections together, ticks, drains and closes."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from aiohttp import web

from appliance import __version__
from appliance.access.throttle import Throttle
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.ids import new_id
from appliance.foundation.tasks import TaskSet
from appliance.gateway.admission.credential import Rules
from appliance.gateway.admission.driver import Admission, Phase
from appliance.gateway.bearer import Bearer
from appliance.gateway.broadcast import Broadcaster, Listener
from appliance.gateway.connection import Connection, Identify, Services
from appliance.gateway.guard import HttpGuard, harden, quiet_log
from appliance.gateway.hello import HelloBuilder, SnapshotSources
from appliance.gateway.method import ConnectionView, MethodTable
from appliance.gateway.methods.device_rows import pending_row
from appliance.gateway.presence import Presence
from appliance.gateway.rpc import Rpc
from appliance.gateway.transport.front import Doors
from appliance.gateway.transport.listening import BindError
from appliance.gateway.transport.lobby import MAX_WAITING, Lobby
from appliance.gateway.transport.owners import Owners
from appliance.gateway.transport.ports import Places, Ports
from appliance.gateway.transport.websocket import CloseCode
from appliance.identity.model import PairingRequest
from appliance.identity.setup.store import SetupCodes
from appliance.identity.shrinking import Shrunk
from appliance.identity.store import DeviceStore
from appliance.protocol.hello import PresenceEntry
from appliance.protocol.version import TICK_INTERVAL_MS
from appliance.sessions.idempotency import IdempotencyStore

_log = logging.getLogger(__name__)

MAX_PER_DEVICE: Final = 64
"""Connections of one device: more windows than anybody opens. The oldest leaves for a new one."""

MAX_UNREAD_BYTES: Final = 128 * 1024 * 1024
"""What all clients together have not read yet."""

_SWEEP_S: Final = 1.0
_PING_S: Final = 25.0
_TICK_S: Final = TICK_INTERVAL_MS / 1000
_SAVE_SEEN_S: Final = 30.0
_SETTLE_S: Final = 0.1
"""Presence and health changes within this time are told in one event."""

_MAX_BODY_BYTES: Final = 32 * 1024 * 1024
_HTTP_IDLE_S: Final = 30.0
_DRAIN_S: Final = 2.5


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where to listen and whom to trust. Port 0 takes a free one; `hosts` empty serves the control socket only.

    With `tls` the port speaks both: TLS where a client begins it, plaintext otherwise. It is asked per connection.
    `admin_socket` is a second control socket, outside the private state, for members of `admin_group`.
    """

    rules: Rules
    hosts: tuple[str, ...] = ("127.0.0.1",)
    port: int = 18789
    control_socket: Path | None = None
    admin_socket: Path | None = None
    admin_group: str = ""
    trusted_proxies: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    tls: Callable[[], ssl.SSLContext] | None = None
    max_waiting: int = MAX_WAITING
    identify: Identify | None = None


class Watcher(Protocol):
    """Hears of connections in the step in which they come and go, so that nothing can come between. Must not wait."""

    def joined(self, connection: Listener) -> None: ...

    def left(self, connection: Listener) -> None: ...


class Server:
    """One gateway on one port (HTTP and WebSocket) and on its control socket.

    Order: construct, `add_routes`, `start` (connects are answered "starting"), `serve`, `drain`, `aclose`.
    """

    def __init__(
        self,
        settings: ServerSettings,
        *,
        table: MethodTable,
        devices: DeviceStore,
        sources: SnapshotSources,
        clock: Clock,
        idempotency: IdempotencyStore | None = None,
        throttle: Throttle | None = None,
        codes: SetupCodes | None = None,
    ) -> None:
        self._settings = settings
        self._devices = devices
        self._clock = clock
        self._tasks = TaskSet("gateway")
        self._owners = Owners(settings.admin_group)
        throttle = throttle if throttle is not None else Throttle()
        self.lobby = Lobby(limit=settings.max_waiting, monotonic=clock.monotonic)
        self.broadcaster = Broadcaster()
        self.presence = Presence(_gateway_entry(clock))
        self.hello = HelloBuilder(
            version=__version__,
            boot_id=new_id(),
            table=table,
            presence=self.presence,
            sources=sources,
            clock=clock,
        )
        self._admission = Admission(
            rules=settings.rules,
            devices=devices,
            throttle=throttle,
            hello=self.hello,
            clock=clock,
            codes=codes,
            announce=self._announce,
        )
        self._rpc = Rpc(table, clock, self._tasks, idempotency, stands=self._stands)
        devices.shrinks.listen(self._shrank)
        self.bearer = Bearer(
            settings.rules.auth,
            throttle,
            clock,
            lobby=self.lobby,
            trusted_proxies=settings.trusted_proxies,
        )
        self._routes: list[web.RouteDef] = []
        places = Places(settings.hosts, settings.port, settings.control_socket, settings.admin_socket, settings.tls)
        self._ports = Ports(places, tasks=self._tasks, monotonic=clock.monotonic)
        self._runner: web.AppRunner | None = None
        self._settling: dict[str, asyncio.TimerHandle] = {}
        self._watchers: list[Watcher] = []
        self._empty = asyncio.Event()

    @property
    def port(self) -> int:
        """The TCP port, 0 before `start` and without any host."""
        return self._ports.port

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses that are listened on; none for the control socket alone."""
        return self._settings.hosts

    def add_routes(self, routes: Sequence[web.RouteDef]) -> None:
        """Add HTTP endpoints. They authenticate with `server.bearer`; Host and Origin are checked for all."""
        self._routes.extend(routes)

    def watch(self, watcher: Watcher) -> None:
        """Tell `watcher` of every connection from now on."""
        self._watchers.append(watcher)

    async def start(self) -> None:
        """Listen. Raises BindError."""
        guard = HttpGuard(self.bearer, lambda: self._admission.rules.origins, self._doors)
        application = web.Application(middlewares=[guard.handle], client_max_size=_MAX_BODY_BYTES)
        application.on_response_prepare.append(harden)
        application.add_routes(self._routes)
        self._runner = web.AppRunner(
            application,
            access_log=None,
            logger=quiet_log(),
            keepalive_timeout=_HTTP_IDLE_S,
            shutdown_timeout=_DRAIN_S,
        )
        await self._runner.setup()
        try:
            await self._ports.open(self._doors())
        except BaseException:
            await self.aclose()
            raise
        self._tasks.spawn(self._keep_house(), name="housekeeping")

    def serve(self) -> None:
        """Answer connects from now on."""
        self._admission.phase = Phase.SERVING

    async def drain(self, reason: str = "service restart", *, restart_expected_ms: int | None = None) -> None:
        """Take no new connections, tell everyone, and close them with 1012."""
        self._admission.phase = Phase.DRAINING
        self._ports.close()
        payload: dict[str, Any] = {"reason": reason}
        if restart_expected_ms is not None:
            payload["restartExpectedMs"] = restart_expected_ms
        self.broadcaster.send("shutdown", payload)
        for listener in self.broadcaster:
            listener.close(CloseCode.SERVICE_RESTART, "service restart")
        if len(self.broadcaster):
            self._empty.clear()
            await asyncio.wait([self._tasks.spawn(self._empty.wait(), name="drain")], timeout=_DRAIN_S)

    async def aclose(self) -> None:
        """Close every socket and end every task."""
        self._admission.phase = Phase.DRAINING
        self._ports.close()
        for timer in self._settling.values():
            timer.cancel()
        self._settling.clear()
        self.lobby.clear()
        self._ports.handshakes.clear()
        for listener in self.broadcaster:
            listener.abort()
        await self._tasks.aclose()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._save_seen()
        self._ports.remove()

    def replace_rules(self, rules: Rules) -> None:
        """Use new rules from the next request on; a changed secret closes the sockets that stood on the old one."""
        changed = rules.auth != self._admission.rules.auth
        self._admission.rules = rules
        self.bearer.auth = rules.auth
        if changed:
            for listener in self.broadcaster:
                if listener.shared:
                    listener.close(CloseCode.AUTHORITY_GONE, "gateway auth changed")

    def health_changed(self) -> None:
        """Tell clients that health is another now; changes that come together are told once."""
        self.hello.health_changed()
        self._settle("health", self._send_health)

    def _doors(self) -> Doors:
        handler = self._runner.server if self._runner is not None else None
        if handler is None:
            raise BindError("the HTTP server did not come up")
        services = Services(
            admission=self._admission,
            rpc=self._rpc,
            lobby=self.lobby,
            clock=self._clock,
            tasks=self._tasks,
            joined=self._joined,
            left=self._left,
            identify=self._settings.identify,
        )
        return Doors(
            websocket=lambda peer, head: Connection(peer, head, services),
            http=handler,
            lobby=self.lobby,
            trusted_proxies=self._settings.trusted_proxies,
            owners=self._owners,
        )

    def _joined(self, connection: Connection) -> None:
        self.broadcaster.add(connection)
        if connection.view.device_id is not None:
            self.broadcaster.crowd(connection.view.device_id, MAX_PER_DEVICE)
        for watcher in self._watchers:
            watcher.joined(connection)
        if self.presence.join(connection.view, connection.peer.remote, self._clock.now_ms()):
            self._settle("presence", self._send_presence)

    def _left(self, connection: Connection) -> None:
        self.broadcaster.remove(connection.conn_id)
        for watcher in self._watchers:
            watcher.left(connection)
        if not len(self.broadcaster):
            self._empty.set()
        if connection.view.device_id is not None:
            self._devices.seen(connection.view.device_id, self._clock.now_ms(), "disconnect")
        if self.presence.leave(connection.conn_id):
            self._settle("presence", self._send_presence)

    def _stands(self, view: ConnectionView) -> bool:
        return view.device_id is None or self._devices.shrinks.stands(view.device_id, view.role, view.epoch)

    def _shrank(self, shrunk: Shrunk) -> None:
        """Close the sockets that stood on a right that ended. Their requests are refused from this step on.

        The close itself waits for the end of this step: a device that rotates its own token gets its answer first.
        """
        for listener in self.broadcaster:
            view = listener.view
            if (view.device_id, view.role) == (shrunk.device_id, shrunk.role):
                asyncio.get_running_loop().call_soon(listener.close, CloseCode.AUTHORITY_GONE, shrunk.reason)

    def _announce(self, request: PairingRequest) -> None:
        self.broadcaster.send("device.pair.requested", pending_row(request), about=request.claim.device_id)

    def _settle(self, what: str, send: Any) -> None:
        """Call `send` soon, once for all changes until then."""
        if what not in self._settling and self._admission.phase is Phase.SERVING:
            self._settling[what] = asyncio.get_running_loop().call_later(_SETTLE_S, send)

    def _send_presence(self) -> None:
        self._settling.pop("presence", None)
        payload = {"presence": msgspec.Raw(self.presence.encoded())}
        self.broadcaster.send("presence", payload, state_version=self.hello.state_version)

    def _send_health(self) -> None:
        self._settling.pop("health", None)
        for reads in (True, False):
            payload = functools.partial(self.hello.health, reads=reads)
            self.broadcaster.send("health", payload, state_version=self.hello.state_version, readers=reads)

    async def _keep_house(self) -> None:
        """The one timer of all connections: deadlines every second, pings, ticks, signs of life."""
        pinged = ticked = saved = self._clock.monotonic()
        while True:
            await self._clock.sleep(_SWEEP_S)
            now = self._clock.monotonic()
            self.lobby.sweep()
            self._ports.handshakes.sweep()
            if cut := self.broadcaster.relieve(MAX_UNREAD_BYTES):
                _log.warning("%d clients that did not read were cut off: together they took too much memory", cut)
            if now - pinged >= _PING_S:
                pinged = now
                self._ping()
            if now - ticked >= _TICK_S:
                ticked = now
                self._tick()
            if now - saved >= _SAVE_SEEN_S:
                saved = now
                await self._save_seen()

    async def _save_seen(self) -> None:
        try:
            await self._devices.save_seen()
        except ApplianceError as error:
            _log.warning("signs of life of devices were not saved: %s", error)

    def _ping(self) -> None:
        for listener in self.broadcaster:
            listener.check_alive()

    def _tick(self) -> None:
        self.broadcaster.send("tick", {"ts": self._clock.now_ms()})


def _gateway_entry(clock: Clock) -> PresenceEntry:
    """The gateway in its own list of who is there."""
    return PresenceEntry(
        ts=clock.now_ms(),
        text="gateway",
        host=socket.gethostname(),
        version=__version__,
        mode="gateway",
        reason="self",
    )
