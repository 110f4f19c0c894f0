"""Joins devices, setup codes and the recovery code to the methods, links and events of the gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from aiohttp import web

from appliance.access.shared import AuthMode
from appliance.daemon.reach.trust import TrustParts
from appliance.foundation.clock import Clock
from appliance.gateway.http import join
from appliance.gateway.method import Method
from appliance.gateway.methods import reach as reach_methods
from appliance.gateway.methods.channel_pairing import ChannelPairing
from appliance.gateway.methods.device_rows import completion_row
from appliance.gateway.methods.device_upgrades import Upgrades
from appliance.gateway.methods.devices import Devices
from appliance.gateway.methods.setup import Setup
from appliance.gateway.reach import Reach
from appliance.gateway.server import Server
from appliance.identity.setup.store import Completion


class DeviceDoors:
    """All ways by which a device becomes trusted, or stops to be: `methods` and `routes` for the surface."""

    def __init__(self, trust: TrustParts, server: Server, clock: Clock, reach: Callable[[], Reach]) -> None:
        self._trust = trust
        self._server = server
        self._clock = clock
        self._reach = reach
        self._joins = join.Joins(trust.setup, clock)
        self.setup = Setup(trust.setup, self._joins, reach, self._auth)
        trust.setup.listen(self._completed)

    def methods(self) -> list[Method]:
        """Return the methods about devices, setup codes, recovery, reach and the senders of channels."""
        trust, broadcaster = self._trust, self._server.broadcaster
        upgrades = Upgrades(trust.devices, broadcaster, self._clock)
        devices = Devices(trust.devices, broadcaster, upgrades.resolved)
        return [
            *devices.methods(),
            *upgrades.methods(),
            *self.setup.methods(),
            *ChannelPairing(trust.senders).methods(),
            *reach_methods.methods(reach=self._reach, new_recovery=trust.recovery.new),
        ]

    def routes(self) -> list[web.RouteDef]:
        """Return the route of short links."""
        return join.routes(bearer=self._server.bearer, joins=self._joins)

    def _auth(self) -> Literal["token", "password"]:
        return "password" if self._server.bearer.auth.mode is AuthMode.PASSWORD else "token"

    def _completed(self, completion: Completion) -> None:
        word = "deliveryUncertain" if completion.uncertain else "completed"
        row = completion_row(completion)
        self._server.broadcaster.send(f"device.pair.setup.{word}", row, about=completion.device_id)
