"""The models that run on this box: which processes the configuration wants, started and told to the catalog."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from appliance.config.errors import Refused
from appliance.config.schema import Config
from appliance.config.sections.models import LocalModelSection, MiniSection, ModelsSection
from appliance.daemon.local.downloads import Downloads
from appliance.daemon.local.embedded import Embedded
from appliance.daemon.local.engine import LocalEngine
from appliance.daemon.local.engines import Engines
from appliance.daemon.local.knowing import ModelAdvice, ModelProbes
from appliance.daemon.local.remotes import SERVING, Remotes, serving_problem
from appliance.daemon.local.tuning import Tuner
from appliance.daemon.models import EMBEDDED, Models
from appliance.engine.client import EngineClient
from appliance.engine.locate import EngineAbsent
from appliance.engine.models.library import Installed
from appliance.events import Bus, ModelsChanged
from appliance.health import Condition, HealthTracker, Severity

_EMBEDDINGS, _ABSENT = "embeddings", "embeddings_absent"
_NONE = ModelsSection(mini=MiniSection(enabled=False))


class LocalModels:
    """Keeps the embedded model and the local engine as the configuration wants them; `serve` follows a change."""

    def __init__(
        self,
        *,
        config: Callable[[], Config],
        embedded: Embedded,
        engines: Engines,
        engine: LocalEngine,
        downloads: Downloads,
        probes: ModelProbes,
        advice: ModelAdvice,
        remotes: Remotes,
        tuner: Tuner,
        models: Models,
        tracker: HealthTracker,
        bus: Bus,
    ) -> None:
        self.embedded = embedded
        self.engine = engine
        self.downloads = downloads
        self.probes = probes
        self.advice = advice
        self.tuner = tuner
        self._remotes = remotes
        self._config = config
        self._engines = engines
        self._models = models
        self._tracker = tracker
        self._bus = bus

    async def serve(self) -> None:
        """Start what is enabled and does not run as it should; end what is no longer wanted."""
        section = self._config().models
        wanted = _NONE if isinstance(section, Refused) else section
        await self._serve_embedded(wanted)
        await self._serve_embeddings(wanted.mini)
        await self._check_serving()
        self.engine.follow(self.local_section)
        self._remotes.follow(wanted.remotes)

    async def _check_serving(self) -> None:
        problem = await asyncio.to_thread(serving_problem, self.local_section.serve)
        if problem is None:
            self._tracker.clear(SERVING, SERVING)
        else:
            self._tracker.set(problem)

    async def _serve_embedded(self, models: ModelsSection) -> None:
        if not models.mini.enabled:
            await self._engines.stop("mini")
            self._models.remove(EMBEDDED)
            return
        arguments = self.embedded.arguments()
        if self._engines.runs("mini", arguments):
            return
        process = await self._engines.start("mini", arguments, self._came_up)
        if process is not None:
            self._add_embedded(process.client)

    def _add_embedded(self, client: EngineClient) -> None:
        from appliance.understanding.ngram import WeightsError

        try:
            self._models.add(self.embedded.provider(client))
        except WeightsError as error:
            reason = str(error)
            self._tracker.set(
                Condition("embedded_model", "mini", Severity.DEGRADED, reason, "Install again.", {"reason": reason})
            )

    async def _serve_embeddings(self, mini: MiniSection) -> None:
        """Let sentence embeddings vote beside the embedded model, where they are wanted and set up."""
        home = self._engines.home
        path = None if isinstance(home, EngineAbsent) else self.embedded.embeddings(home)
        wanted = mini.enabled and mini.embeddings and path is not None
        if path is None or not wanted or not await asyncio.to_thread(path.is_file):
            await self._engines.stop(_EMBEDDINGS)
            self.embedded.embed_with(None)
            self._tell_absent(wanted)
            return
        self._tell_absent(False)
        arguments = self.embedded.embedding_arguments(path)
        if self._engines.runs(_EMBEDDINGS, arguments):
            return
        process = await self._engines.start(_EMBEDDINGS, arguments, _nothing)
        if process is not None:
            self._add_embeddings(process.client)

    def _add_embeddings(self, client: EngineClient) -> None:
        from appliance.understanding.ngram import WeightsError

        try:
            self.embedded.embed_with(client)
        except WeightsError as error:
            details = {"form": "broken", "reason": str(error)}
            self._tracker.set(Condition(_ABSENT, _EMBEDDINGS, Severity.DEGRADED, str(error), "Install again.", details))

    def _tell_absent(self, absent: bool) -> None:
        if not absent:
            self._tracker.clear(_ABSENT, _EMBEDDINGS)
            return
        summary = "Sentence embeddings are wanted (models.mini.embeddings) but not set up; they do not vote."
        fix = "Run scripts/embeddings, or `homarus config set models.mini.embeddings false`."
        self._tracker.set(Condition(_ABSENT, _EMBEDDINGS, Severity.DEGRADED, summary, fix))

    @property
    def local_section(self) -> LocalModelSection:
        """What the configuration says of the local model."""
        return local_section(self._config())

    # ---- gateway.methods.local_models.ModelFiles

    @property
    def path(self) -> Path | None:
        """The file that answers."""
        return self.engine.path

    @property
    def configured(self) -> str | None:
        """The file that the configuration names, in place of a choice."""
        return self.local_section.path

    def installed(self) -> tuple[Installed, ...]:
        """Return every model file of the state directory. Blocks. Raises PullError."""
        return self.engine.library.installed()

    async def use(self, name: str) -> Path:
        """Let a file answer; see LocalEngine.use."""
        return await self.engine.use(self.local_section, name)

    async def remove(self, name: str) -> tuple[Path, int]:
        """Delete a file; see LocalEngine.remove."""
        return await self.engine.remove(name)

    async def _came_up(self, _: EngineClient) -> None:
        self._bus.publish(ModelsChanged())


async def _nothing(_: EngineClient) -> None:
    """Nobody lists the process that makes embeddings: there is nothing to tell when it came up."""


def local_section(config: Config) -> LocalModelSection:
    """Return what the configuration says of the local model; nothing runs where it cannot be read."""
    return LocalModelSection(enabled=False) if isinstance(config.models, Refused) else config.models.local
