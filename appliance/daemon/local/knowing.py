"""What this gateway finds out about models: the probes of the one that answers, and advice on the others."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping

import msgspec

from appliance.config.sections.models import LocalModelSection
from appliance.daemon.local.engine import LocalEngine
from appliance.engine.locate import EngineAbsent, EngineHome
from appliance.engine.models.catalogue.shelf import catalogue, of_file
from appliance.engine.models.probe.record import ProbeResult
from appliance.engine.models.probe.run import probe
from appliance.engine.models.recommend.advice import PATIENCE_S, Advice, advise
from appliance.engine.models.recommend.box import Box, Measurement, Rates
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.generation import ModelError
from appliance.host.pressure import Reading
from appliance.supervisor.spawning.base import Order, Place
from appliance.supervisor.spawning.box import BoxSpawner
from appliance.supervisor.spawning.collect import collect

_MEASURE = "appliance.engine.models.recommend.measure"
_MEASURE_TIMEOUT_S = 60.0
_MAX_WAITING = 4  # a measurement takes seconds: the fifth client would only be told the same again


class NothingToAskError(ApplianceError):
    """There is no engine that could be probed or measured with."""

    code = "engine_absent"


class AdviceBusyError(ApplianceError):
    """Too many already wait for this box to be measured."""

    code = "advice_busy"


class ModelProbes:
    """Probes the model that answers (gateway.methods.pulls.Probes)."""

    def __init__(self, engine: LocalEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def file(self) -> str:
        """Return the name of the file that answers. Raises NothingToAskError."""
        if self._engine.path is None:
            raise NothingToAskError("No larger model runs on this box; fetch one with `homarus models pull NAME`.")
        return self._engine.path.name

    async def run(self, on_progress: Callable[[int, int], None]) -> ProbeResult:
        """Ask the probes, keep the result and let the gateway act on it. Raises ApplianceError, OSError."""
        name, path, client = self.file(), self._engine.path, self._engine.client
        if path is None or client is None:
            raise NothingToAskError("The engine of the local model does not run. `homarus doctor` says why.")
        library = self._engine.library
        sha256 = await asyncio.to_thread(library.lock.sha256, path)
        result = await probe(client, sha256=sha256, file=name, clock=self._clock, on_progress=on_progress)
        await asyncio.to_thread(library.probes.keep, result)
        if self._engine.path == path:
            await self._engine.tell_again()
        return result


class ModelAdvice:
    """Measures the box and says which model suits it (gateway.methods.local_models.Adviser)."""

    def __init__(
        self,
        engine: LocalEngine,
        home: EngineHome | EngineAbsent,
        section: Callable[[], LocalModelSection],
        memory: Callable[[], Reading],
        environ: Mapping[str, str],
    ) -> None:
        self._engine = engine
        self._home = home
        self._section = section
        self._memory = memory
        self._environ = environ
        self._lock = asyncio.Lock()  # two measurements at once would each see half a box
        self._waiting = 0

    async def advise(self, language: str | None, seconds: float | None) -> tuple[Box, tuple[Advice, ...], set[str]]:
        """Return the box, its models best first, and the names of those that are here. Raises ApplianceError."""
        if self._lock.locked() and self._waiting >= _MAX_WAITING:
            message = f"This box is being measured and {_MAX_WAITING} already wait for it; ask again in a minute."
            raise AdviceBusyError(message)
        measurement = await self._in_turn()
        library = self._engine.library
        measured, sizes = await asyncio.to_thread(library.rates)
        measured = {**measured, **await self._running()}
        reading = self._memory()
        disk = await asyncio.to_thread(lambda: shutil.disk_usage(library.folder).free)
        box = Box(measurement, reading.total, reading.available, disk)
        found = advise(
            catalogue().values(),
            box,
            measured=measured,
            sizes=sizes,
            language=language,
            patience_s=seconds or PATIENCE_S,
        )
        return box, found, set(sizes)

    async def _in_turn(self) -> Measurement:
        self._waiting += 1
        try:
            await self._lock.acquire()
        finally:
            self._waiting -= 1
        try:
            return await self._measure()
        finally:
            self._lock.release()

    async def _running(self) -> Mapping[str, Rates]:
        """Return what the model that answers did lately, by its name in the catalogue; nothing while unknown."""
        path, client = self._engine.path, self._engine.client
        entry = of_file(path.name) if path else None
        if client is None or entry is None:
            return {}
        try:
            info = await client.info()
        except ModelError:
            return {}
        rates = Rates(info.prefill_rate, info.decode_rate)
        return {entry.name: rates} if rates.prefill and rates.decode else {}

    async def _measure(self) -> Measurement:
        """Run the measurement in a process of the engine: it loads native code."""
        if isinstance(self._home, EngineAbsent):
            raise NothingToAskError(f"This box cannot be measured: {self._home.reason}.")
        threads = self._section().threads
        argv = [str(self._home.python), "-m", _MEASURE, *(["--threads", str(threads)] if threads else [])]
        path = self._engine.path
        profile = await asyncio.to_thread(self._engine.folders.profile, path) if path is not None else None
        if profile is not None:
            argv += ["--profile", str(profile)]
        order = Order(argv, self._home.variables(), nice=0)  # as fast as the engine would be
        try:
            async with asyncio.timeout(_MEASURE_TIMEOUT_S):
                done = await collect(BoxSpawner(Place.WORKER, self._environ), order)
        except TimeoutError as error:
            message = "This box is too busy to be measured; try again when it has less to do."
            raise NothingToAskError(message) from error
        except OSError as error:
            raise NothingToAskError(f"This box could not be measured: {error}.") from error
        try:
            return msgspec.json.decode(done.stdout, type=Measurement)
        except msgspec.MsgspecError as error:
            last = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1][-200:]
            message = f"This box could not be measured: {last or 'no reason given'}. `scripts/engine` may mend it."
            raise NothingToAskError(message) from error
