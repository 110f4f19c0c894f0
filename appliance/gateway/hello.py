"""The answer to an accepted connect, built from what the other parts know (protocol.md 3.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from appliance.foundation.clock import Clock
from appliance.gateway.method import ConnectionView, MethodTable
from appliance.gateway.presence import Presence
from appliance.protocol.codec import encode
from appliance.protocol.events import ADVERTISED
from appliance.protocol.frames import StateVersion
from appliance.protocol.hello import (
    AttachmentPolicy,
    Features,
    HandedToken,
    HelloAuth,
    HelloOk,
    Policy,
    ServerInfo,
    Snapshot,
)
from appliance.protocol.roles import ADMIN

_HEALTH_AGE_S = 1.0
"""How old the health in a hello may be: many connects in a second read it once."""


_ATTACHMENTS = AttachmentPolicy()


@dataclass(frozen=True, slots=True)
class SnapshotSources:
    """Where hello finds the state of the gateway. Each callable is cheap and does not wait.

    `health` returns the payload of the `health` method for those who may read (True) or for everybody, in which no
    session is named; `session_defaults` the object of protocol.md 3.3; `updates` are updateSchedule and
    updateAvailable, UNSET where there is nothing to say.
    """

    health: Callable[[bool], Any]
    session_defaults: Callable[[], Any]
    updates: Callable[[], tuple[Any, Any]] = lambda: (msgspec.UNSET, msgspec.UNSET)
    config_hash: Callable[[], str | None] = lambda: None
    config_path: str = ""
    state_dir: str = ""
    attachments: AttachmentPolicy = _ATTACHMENTS


class HelloBuilder:
    """Makes hello payloads; what is equal for all clients is encoded once."""

    def __init__(
        self,
        *,
        version: str,
        boot_id: str,
        table: MethodTable,
        presence: Presence,
        sources: SnapshotSources,
        clock: Clock,
    ) -> None:
        self._version = version
        self._boot_id = boot_id
        self._table = table
        self._presence = presence
        self._sources = sources
        self._clock = clock
        self._started = clock.monotonic()
        self._features = (-1, msgspec.Raw(b"{}"))
        self._health: dict[bool, tuple[float, msgspec.Raw]] = {}
        self._policy = Policy(attachments=sources.attachments)
        self.health_version = 1

    @property
    def state_version(self) -> StateVersion:
        return StateVersion(self._presence.version, self.health_version)

    def health_changed(self) -> None:
        """Note that health is another now."""
        self.health_version += 1
        self._health.clear()

    def health(self, *, reads: bool) -> msgspec.Raw:
        """Return the health payload as JSON, at most a second old."""
        now = self._clock.monotonic()
        known = self._health.get(reads)
        if known is None or now - known[0] > _HEALTH_AGE_S:
            known = self._health[reads] = (now, msgspec.Raw(encode(self._sources.health(reads))))
        return known[1]

    def build(
        self,
        view: ConnectionView,
        *,
        protocol: int,
        method: str,
        auth_mode: str,
        device_token: str | None = None,
        issued_at_ms: int | None = None,
        handed: tuple[HandedToken, ...] = (),
    ) -> HelloOk:
        """Return the payload for one connection."""
        admin = ADMIN in view.scopes
        update_schedule, update_available = self._sources.updates() if view.reads else (msgspec.UNSET, msgspec.UNSET)
        snapshot = Snapshot(
            # Who may not hear the events of these may not read them here either.
            presence=msgspec.Raw(self._presence.encoded() if view.reads else self._presence.encoded_gateway()),
            health=self.health(reads=view.reads),
            state_version=self.state_version,
            uptime_ms=round((self._clock.monotonic() - self._started) * 1000),
            suspension={"phase": "accepting"},
            session_defaults=self._sources.session_defaults(),
            update_schedule=update_schedule,
            update_available=update_available,
            applied_config_hash=self._sources.config_hash(),
            config_path=self._sources.config_path if admin else None,
            state_dir=self._sources.state_dir if admin else None,
            auth_mode=auth_mode if admin else None,
        )
        return HelloOk(
            protocol=protocol,
            server=ServerInfo(self._version, self._boot_id, view.conn_id),
            features=self._encoded_features(),
            snapshot=snapshot,
            auth=HelloAuth(view.role, tuple(sorted(view.scopes)), method, device_token, issued_at_ms, handed),
            policy=self._policy,
        )

    def _encoded_features(self) -> msgspec.Raw:
        names = self._table.names()
        if self._features[0] != len(names):
            self._features = (len(names), msgspec.Raw(encode(Features(names, ADVERTISED))))
        return self._features[1]
