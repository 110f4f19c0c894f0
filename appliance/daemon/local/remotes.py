"""The paired boxes that the configuration names: looked for, put in the catalog, and missed when they are away."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.config.sections.models import PeerServeSection, RemoteBoxSection
from appliance.daemon.models import Models
from appliance.engine.client import EngineClient
from appliance.events import Bus, ModelsChanged
from appliance.foundation.backoff import Backoff
from appliance.foundation.clock import Clock
from appliance.foundation.tasks import TaskSet
from appliance.generation import ModelError
from appliance.health import Condition, HealthTracker, Severity

if TYPE_CHECKING:
    from appliance.engine.remote.carrying import Carrier
    from appliance.engine.remote.client import PeerClient

_AWAY, _UNUSABLE = "peer_away", "peer_settings"
SERVING = "peer_serving"
_LOOK_S = 30.0  # how often a box that is there is asked what it runs
_BACKOFF = Backoff(first_s=1.0, limit_s=60.0)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Remotes:
    """Follows `models.remotes`. What cannot be used is a condition; nothing waits for a box that is away."""

    def __init__(
        self,
        *,
        models: Models,
        local: Callable[[], EngineClient | None],
        offline: Callable[[], bool],
        tracker: HealthTracker,
        bus: Bus,
        clock: Clock,
        tasks: TaskSet,
    ) -> None:
        self._models = models
        self._local = local
        self._offline = offline
        self._tracker = tracker
        self._bus = bus
        self._clock = clock
        self._tasks = tasks
        self._known: dict[str, tuple[RemoteBoxSection, Callable[[], object]]] = {}

    def follow(self, wanted: Mapping[str, RemoteBoxSection]) -> None:
        """Look for the boxes of the configuration; forget those that are not in it, or are another one now."""
        for name in list(self._known):
            if self._known[name][0] != wanted.get(name):
                self._forget(name)
        for name, section in wanted.items():
            if name not in self._known:
                self._begin(name, section)

    def _forget(self, name: str) -> None:
        _, cancel = self._known.pop(name)
        cancel()
        self._models.remove(f"remote-{name}")
        for code in (_AWAY, _UNUSABLE):
            self._tracker.clear(code, name)

    def _begin(self, name: str, section: RemoteBoxSection) -> None:
        # imported here: a box without peers needs neither TLS nor what reads envelopes
        from appliance.engine.remote.carrying import Carrier
        from appliance.engine.remote.client import Address, PeerClient
        from appliance.engine.remote.credentials import CredentialsError, Identity, normal_pin

        self._known[name] = (section, lambda: None)
        try:
            if not _NAME.fullmatch(name):
                raise CredentialsError(f"{name[:64]!r} is no name of a box: small letters, digits and '-' are.")
            identity = Identity(Path(section.certificate).expanduser(), Path(section.key).expanduser())
            address, pin = Address.parse(section.address), normal_pin(section.peer)
        except CredentialsError as error:
            fix = f"Correct models.remotes.{name}."
            details = {"name": name, "reason": str(error)}
            self._tracker.set(Condition(_UNUSABLE, name, Severity.DEGRADED, str(error), fix, details))
            return
        client = PeerClient(name, address, identity, pin, offline=self._offline)
        carrier = Carrier(self._local, client, self._clock.monotonic) if section.states else None
        task = self._tasks.spawn(self._watch(name, client, carrier), name=f"box {name}")
        self._known[name] = (section, task.cancel)

    async def _watch(self, name: str, client: PeerClient, carrier: Carrier | None) -> None:
        from appliance.providers.remote.provider import RemoteProvider

        provider = RemoteProvider(client, carrier)
        self._models.add(provider)
        failures, before = 0, None
        while True:
            try:
                now = await provider.ask_what_runs()
            except ModelError as error:
                provider.away = error
                self._missed(name, error)
                await self._clock.sleep(_BACKOFF.delay_s(failures))
                failures += 1
                continue
            failures, provider.away = 0, None
            self._tracker.clear(_AWAY, name)
            if now.id != before:
                before = now.id
                self._models.add(provider)
                self._bus.publish(ModelsChanged())
            provider.doubted.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await provider.doubted.wait()

    def _missed(self, name: str, error: ModelError) -> None:
        fix = f"It is looked for again by itself; to do without it, remove models.remotes.{name}."
        details = {"name": name, "reason": str(error)}
        self._tracker.set(Condition(_AWAY, name, Severity.NOTICE, str(error), fix, details))


def serving_problem(serve: PeerServeSection | None) -> Condition | None:
    """Return what is wrong with the certificates by which paired boxes come in. Blocks: it reads three files."""
    if serve is None:
        return None
    from appliance.engine.remote.credentials import CredentialsError, Identity, read_pins, server_context

    try:
        pins = read_pins(Path(serve.peers))
        server_context(Identity(Path(serve.certificate), Path(serve.key)), pins.values())
    except CredentialsError as error:
        summary = f"No other box can ask this one: {error}"
        fix = "Correct models.local.serve or the file; the engine reads it again by itself."
        return Condition(SERVING, SERVING, Severity.DEGRADED, summary, fix, {"reason": str(error)})
    return None
