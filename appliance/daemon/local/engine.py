"""The local engine of this gateway: which file it runs, how another one takes over, and what holds when one fails."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from appliance.config.sections.models import LocalModelSection
from appliance.daemon.local.arguments import EngineFolders, engine_arguments
from appliance.daemon.local.engines import Engines, EngineUnusableError, Ready, Standing, standing
from appliance.daemon.models import Models
from appliance.engine.client import EngineClient
from appliance.engine.locate import EngineAbsent
from appliance.engine.models.errors import PullError
from appliance.engine.models.library import Library, makes_vectors
from appliance.engine.models.probe.record import ProbeResult
from appliance.events import Bus, ModelsChanged
from appliance.foundation.errors import ApplianceError
from appliance.foundation.tasks import TaskSet
from appliance.health import Condition, HealthTracker, Severity
from appliance.host.pressure import Reading

_log = logging.getLogger(__name__)
_NAME = "local"
_UNUSABLE = "model_unusable"
_KEPT_STATES = 2  # models, the one that answers among them
_BESIDE_BYTES = 700_000_000  # cache, buffers and process of a second engine, beside its weights


class ChoiceError(ApplianceError):
    """A model cannot be chosen; the message says what stands in the way."""

    code = "model_choice"


class LocalEngine:
    """Keeps one engine on the file that the configuration or the owner's choice names.

    A file that does not load leaves the one before in place; at a start, the last one that loaded comes instead.
    """

    def __init__(
        self,
        *,
        engines: Engines,
        library: Library,
        folders: EngineFolders,
        models: Models,
        tracker: HealthTracker,
        bus: Bus,
        memory: Callable[[], Reading],
        tasks: TaskSet,
    ) -> None:
        self.library = library
        self._engines = engines
        self.folders = folders
        self._models = models
        self._tracker = tracker
        self._bus = bus
        self._memory = memory
        self._tasks = tasks
        self._lock = asyncio.Lock()
        self._path: Path | None = None
        self.on_up: Callable[[Path], None] | None = None  # told each time the engine answers with a file

    @property
    def path(self) -> Path | None:
        """The file that answers, or is being loaded."""
        return self._path

    @property
    def client(self) -> EngineClient | None:
        """The engine that answers."""
        return self._engines.client(_NAME)

    def standing(self) -> Standing:
        """Return what its process does now."""
        return standing(self._engines.home, self._path.name if self._path else "", self._engines.status(_NAME))

    # ---- what the configuration wants

    def follow(self, section: LocalModelSection) -> None:
        """Begin to do what the configuration wants; returns at once, a large file takes its time."""
        self._tasks.spawn(self.serve(section), name="local model")

    async def serve(self, section: LocalModelSection) -> None:
        """Run what the configuration wants; what fails becomes a condition."""
        async with self._lock:
            chosen = Path(section.path) if section.path else await asyncio.to_thread(self.library.chosen)
            if not section.enabled or chosen is None:
                await self._engines.stop(_NAME)
                self._models.remove(_NAME)
                self._models.local_is_loading(False)
                self._path = None
                self._tracker.clear(_UNUSABLE, _NAME)
                return
            if self._engines.runs(_NAME, await self._arguments(section, chosen)):
                return
            try:
                await asyncio.to_thread(self.library.check, chosen, talks=not section.path)
                if self._path is None:
                    await self._begin(section, chosen)
                else:
                    await self._swap(section, chosen)
            except (ApplianceError, OSError) as error:
                await self._failed(section, chosen, str(error))
            else:
                self._tracker.clear(_UNUSABLE, _NAME)

    async def _arguments(self, section: LocalModelSection, path: Path) -> list[str]:
        return await asyncio.to_thread(engine_arguments, section, path, self.folders)

    async def _begin(self, section: LocalModelSection, path: Path) -> None:
        """Start the first engine; whether it comes up is seen later."""
        arguments = await self._arguments(section, path)
        process = await self._engines.start(_NAME, arguments, self._ready(path))
        if process is None:
            return
        self._path = path
        self._models.local_is_loading(True)

        async def watch() -> None:
            try:
                await process.came_up()
            except EngineUnusableError as error:
                async with self._lock:
                    if self._path == path:
                        await self._failed(section, path, str(error))

        self._tasks.spawn(watch(), name="first load")

    async def _failed(self, section: LocalModelSection, path: Path, reason: str) -> None:
        """Say that a file cannot be used, and go back to the last one that could when nothing answers."""
        _log.warning("%s cannot be used: %s", path.name, reason)
        self._models.local_is_loading(False)
        instead = self._path if self._path not in (None, path) else None
        good = None if instead else await asyncio.to_thread(self.library.fallback, path)
        if good is not None:
            with contextlib.suppress(ApplianceError, OSError):
                await asyncio.to_thread(self.library.check, good)
                await self._engines.start(_NAME, await self._arguments(section, good), self._ready(good))
                instead = self._path = good
        goes_on = f" {instead.name} answers instead." if instead else ""
        summary = f"The model {path.name} cannot be used: {reason}{goes_on}"
        fix = "Choose another one: `homarus models list`, `homarus models use NAME`."
        details = {"file": path.name, "reason": reason, "instead": instead.name if instead else ""}
        self._tracker.set(Condition(_UNUSABLE, _NAME, Severity.DEGRADED, summary, fix, details))

    # ---- what the owner chooses

    async def use(self, section: LocalModelSection, name: str) -> Path:
        """Let the model called `name` answer; the one before answers until it is ready, and stays when it fails.

        Raises ChoiceError, PullError, GgufError, EngineUnusableError, OSError.
        """
        path = await asyncio.to_thread(self.library.find, name)
        if isinstance(self._engines.home, EngineAbsent):
            raise ChoiceError(f"No model can run on this box: {self._engines.home.reason}.")
        if section.path:
            message = (
                f"`models.local.path` names {section.path}; `homarus config unset models.local.path` frees the choice."
            )
            raise ChoiceError(message)
        if not section.enabled:
            raise ChoiceError("`models.local.enabled` is false: no model runs on this box. Set it to true first.")
        if await asyncio.to_thread(makes_vectors, path):
            raise ChoiceError(f"{path.name} makes vectors and cannot talk; choose a model for conversations.")
        await asyncio.to_thread(self.library.check, path)
        async with self._lock:
            await self._swap(section, path)
            await asyncio.to_thread(self.library.choose, path)
            self._tracker.clear(_UNUSABLE, _NAME)
        return path

    async def _swap(self, section: LocalModelSection, path: Path, *, anew: bool = False) -> None:
        """Let the engine run as the arguments say; `anew`: also when they are those that it runs with."""
        arguments = await self._arguments(section, path)
        if self._engines.runs(_NAME, arguments) and not anew:
            return
        before = self._path
        beside = before is not None and before != path and self.fits_beside(path)
        try:
            await self._engines.replace(_NAME, arguments, self._ready(path), beside=beside)
        except EngineUnusableError as error:
            goes_on = f" {before.name} goes on answering." if before else ""
            raise EngineUnusableError(f"{path.name} cannot be used. {error}{goes_on}") from error
        self._path = path

    def fits_beside(self, path: Path) -> bool:
        """Tell whether two engines fit into memory for a moment; unknown memory counts as enough."""
        reading = self._memory()
        return not reading.total or reading.available > path.stat().st_size + _BESIDE_BYTES

    async def retune(self, section: LocalModelSection, path: Path, *, changed: bool) -> None:
        """Let the engine run with the profile that holds for its file by now; what it keeps in files stays there.

        `changed`: it differs from the one that the engine runs with, though it may be in the same file. With one that
        it does not start with, the one before stays and this one is forgotten. Raises EngineUnusableError, OSError.
        """
        async with self._lock:
            if self._path != path:
                return
            try:
                await self._swap(section, path, anew=changed)
            except EngineUnusableError:
                await asyncio.to_thread(self.folders.profiles.forget, path)
                raise

    async def remove(self, name: str) -> tuple[Path, int]:
        """Delete a file that does not answer, with what is stored for it. Raises PullError, OSError."""
        path = await asyncio.to_thread(self.library.find, name)
        async with self._lock:
            if path == self._path:
                raise PullError(
                    f"{path.name} answers at this moment; choose another one first (`homarus models use NAME`), or "
                    "set `models.local.enabled` to false",
                    reason="in_use",
                )
            size = await asyncio.to_thread(self.library.remove, path)
            await asyncio.to_thread(shutil.rmtree, self.folders.states(path), ignore_errors=True)
            await asyncio.to_thread(self.folders.profiles.forget, path)
        return path, size

    # ---- what is told

    def _ready(self, path: Path) -> Ready:
        async def ready(client: EngineClient) -> None:
            await self._tell(client, path)

        return ready

    async def _tell(self, client: EngineClient, path: Path) -> None:
        """Put the engine into the catalog with what its probes found. Raises ModelError."""
        from appliance.providers.local import LocalProvider, model_info

        info = await client.info()
        probe = await asyncio.to_thread(self.probe_of, path)
        model = replace(model_info(info), least_confidence=probe.least_confidence if probe else 0.0)
        self._models.probed(probe.tools_per_turn if probe else None)
        self._models.add(LocalProvider(client, models=[model], longest=self._models.longest_local))
        self._bus.publish(ModelsChanged())
        with contextlib.suppress(OSError):  # then there is nothing to go back to
            await asyncio.to_thread(self.library.loaded, path)
            await asyncio.to_thread(self._tidy, path)
        if self.on_up is not None:
            self.on_up(path)

    def _tidy(self, path: Path) -> None:
        """Delete the attention states of models that were not used lately: each may hold gigabytes."""
        kept = {path.stem, *(Path(name).stem for name in self.library.choice().good[:_KEPT_STATES])}
        for folder in self.folders.states(path).parent.glob("*/"):
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def probe_of(self, path: Path) -> ProbeResult | None:
        """Return what the probes found for a file, None where nobody asked or nobody knows its hash."""
        return self.library.probes.of(self.library.lock.known_sha256(path))

    async def tell_again(self) -> None:
        """Say anew what the engine is: its probes have an answer now. Raises ModelError."""
        client, path = self.client, self._path
        if client is not None and path is not None:
            await self._tell(client, path)
