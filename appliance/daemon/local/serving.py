"""The models that run on this box: which processes the configuration wants, started and told to the catalog."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from appliance.config.errors import Refused
from appliance.config.schema import Config
from appliance.config.sections.models import MiniSection, ModelsSection
from appliance.daemon.local.downloads import Downloads
from appliance.daemon.local.embedded import Embedded
from appliance.daemon.local.engines import Engines
from appliance.daemon.models import EMBEDDED, Models
from appliance.engine.client import EngineClient
from appliance.events import Bus, ModelsChanged
from appliance.foundation.clock import Clock
from appliance.health import Condition, HealthTracker, Severity
from appliance.providers.base import Provider

_NONE = ModelsSection(mini=MiniSection(enabled=False))


class LocalModels:
    """Keeps the embedded model and the local engine as the configuration wants them; `serve` follows a change."""

    def __init__(
        self,
        *,
        config: Callable[[], Config],
        zone: Callable[[], ZoneInfo],
        engines: Engines,
        downloads: Downloads,
        models: Models,
        tracker: HealthTracker,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self.embedded = Embedded(clock, zone)
        self._config = config
        self._engines = engines
        self._downloads = downloads
        self._models = models
        self._tracker = tracker
        self._bus = bus

    async def serve(self) -> None:
        """Start what is enabled and does not run as it should; end what is no longer wanted."""
        section = self._config().models
        wanted = _NONE if isinstance(section, Refused) else section
        await self._serve_embedded(wanted)
        await self._serve_engine(wanted)

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
            self._tracker.set(Condition("embedded_model", "mini", Severity.DEGRADED, str(error), "Install again."))

    async def _serve_engine(self, models: ModelsSection) -> None:
        path = models.local.path or self._downloads.newest()
        if not models.local.enabled or path is None:
            await self._engines.stop("local")
            self._models.remove("local")
            return
        arguments = ["--model", str(path), "--embeddings"]
        if models.local.context_tokens:
            arguments += ["--context", str(models.local.context_tokens)]
        if models.local.threads:
            arguments += ["--threads", str(models.local.threads)]
        if not self._engines.runs("local", arguments):
            await self._engines.start("local", arguments, lambda client: self._engines.describe(client, self._add))

    def _add(self, provider: Provider) -> None:
        self._models.add(provider)
        self._bus.publish(ModelsChanged())

    def _came_up(self, _: EngineClient) -> None:
        self._bus.publish(ModelsChanged())
