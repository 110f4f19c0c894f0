"""Which models this gateway has and who answers a run: the configuration turned into candidates."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from appliance.config.errors import Refused
from appliance.config.schema import Config
from appliance.config.sections.models import AgentsSection, ModelSection, ProviderSection
from appliance.config.values import ModelChoice
from appliance.engine.api import Info as EngineInfo
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.gateway.http.embeddings import Embedded
from appliance.gateway.methods.seams import ListedModel
from appliance.generation import EMBEDDED_PROVIDER, FailureKind, GenerateRequest, ModelError, ModelInfo
from appliance.health import Condition, HealthTracker, Severity
from appliance.providers.base import Provider
from appliance.providers.build import Surroundings
from appliance.providers.catalog import Catalog
from appliance.providers.cloud.dialer import Dialer
from appliance.providers.cooldown import Cooldowns
from appliance.providers.failover import Candidate, ChainItem, Failover
from appliance.providers.local import LocalProvider
from appliance.providers.remote.relief import REMOTE_PREFIX, with_relief
from appliance.providers.router import route
from appliance.providers.settings import Api, Auth, ModelSettings, ModelsSettings, ProviderSettings
from appliance.sessions.model import Inbound, Session
from appliance.tools.selection import ToolScores

EMBEDDED = EMBEDDED_PROVIDER
_Candidates: TypeAlias = tuple[list[Candidate], list[tuple[str, ModelError]]]
"""Those to ask, in order, and the references that lead nowhere."""
_SETTINGS_CODE = "provider_settings"
_LOADING = "The model on this box is still being loaded; ask again in a moment."
_NOT_HERE = "No larger model runs on this box; fetch one with `homarus models pull`, or see `homarus doctor`."


@runtime_checkable
class Hears(Protocol):
    """A provider that tells languages apart."""

    def hears(self, text: str) -> str | None: ...


@runtime_checkable
class Reaches(Protocol):
    """A provider whose service may be away."""

    async def reaches(self, *, routed: bool) -> bool: ...


class Models:
    """Candidates for runs, and the lists that clients see. Follows the configuration without a restart."""

    def __init__(
        self,
        config: Callable[[], Config],
        *,
        environ: Mapping[str, str],
        clock: Clock,
        tracker: HealthTracker,
        version: Callable[[], str],
    ) -> None:
        self._config = config
        self._clock = clock
        self._tracker = tracker
        self._version = version
        self._cooldowns = Cooldowns()
        self._dialer = Dialer(offline=self._offline)
        self._around = Surroundings(self._dialer, environ, clock, offline=self._offline)
        self._ready: dict[str, Provider] = {}
        self._built = ""
        self._unusable: set[str] = set()
        self._loading = False
        self._probed_tools: int | None = None
        self._scores: ToolScores | None = None
        self._catalog = self._build()

    # ---- what the daemon tells

    def add(self, provider: Provider) -> None:
        """Take a provider that runs on this box (the engine, the embedded model)."""
        self._ready[provider.id] = provider
        self._loading = self._loading and provider.id != "local"
        self._current().add(provider)

    def remove(self, provider_id: str) -> None:
        """Forget a provider that is gone for good."""
        if self._ready.pop(provider_id, None) is not None:
            self._catalog = self._build()

    def tool_scores(self, text: str) -> Mapping[str, float]:
        """Return how likely a sentence asks for each tool; nothing while the embedded model is off."""
        return self._scores(text) if self._scores is not None else {}

    def score_with(self, scores: ToolScores | None) -> None:
        """Take what tells the tools of a sentence apart (daemon.local.embedded)."""
        self._scores = scores

    def hears(self, text: str) -> str | None:
        """Return the language of a sentence, None when it is not clear or the embedded model is off."""
        provider = self._ready.get(EMBEDDED)
        return provider.hears(text) if isinstance(provider, Hears) else None

    def local_is_loading(self, loading: bool) -> None:
        """Take whether the engine on this box is on its way: it becomes a model only when it has come up."""
        self._loading = loading

    def local(self) -> Provider | None:
        """Return the provider of the engine on this box, None while there is none."""
        return self._ready.get("local")

    async def local_info(self) -> EngineInfo | None:
        """Ask the engine on this box how it is; None while it does not answer."""
        provider = self.local()
        if not isinstance(provider, LocalProvider):
            return None
        try:
            return await provider.info()
        except ModelError:
            return None

    def probed_tools(self) -> int | None:
        """Return how many tools at once the probe of the local model found good, None without a probe."""
        return self._probed_tools

    def probed(self, tools: int | None) -> None:
        """Take what the probe of the local model found; its threshold travels in its ModelInfo."""
        self._probed_tools = tools

    def handover(self, info: ModelInfo) -> float:
        """Return the confidence below which a model of this box hands over; 0 is never."""
        section = self._config().models
        chosen = None if isinstance(section, Refused) or info.provider != "local" else section.local.handover
        return info.least_confidence if chosen is None else chosen

    def longest_local(self) -> int | None:
        """Return the owner's bound of an answer of the model on this box in tokens, None for none."""
        section = self._config().models
        return None if isinstance(section, Refused) else section.local.max_tokens

    async def aclose(self) -> None:
        """Close every provider."""
        await self._catalog.aclose()

    # ---- what runs ask (dispatch.running.ChainSource)

    def chain(self, session: Session, inbound: Inbound) -> Failover:
        """Return the candidates of a run, the first to be asked first."""
        wanted = inbound.origin.get("model") or session.settings.get("model")
        return self._failover(*self._candidates(self._current(), inbound.agent_id, wanted))

    def _failover(self, candidates: Sequence[Candidate], unknown: Sequence[tuple[str, ModelError]]) -> Failover:
        chosen = route(candidates, offline=self._offline())
        return Failover(
            chosen.chosen,
            cooldowns=self._cooldowns,
            clock=self._clock,
            offline=self._offline(),
            handover=self.handover,
            rejected=[*((candidate.ref, error) for candidate, error in chosen.rejected), *unknown],
        )

    def _candidates(self, catalog: Catalog, agent_id: str, wanted: object) -> _Candidates:
        if wanted:
            return _resolved(catalog, [str(wanted)], self._loading)
        embedded = [self._of(provider) for name, provider in self._ready.items() if name == EMBEDDED]
        choice = self.choice(agent_id)
        if choice.primary:
            chosen, unknown = _resolved(catalog, choice.candidates, self._loading)
            away = any(ref.startswith("local/") for ref, _ in unknown)
            return [*embedded, *with_relief(chosen, self._remotes(), behind_local=away)], unknown
        others = [model for model in catalog.models() if model.provider != EMBEDDED and _talks(model)]
        others.sort(key=lambda model: not model.local)  # stable: this box first, then the order of the file
        if any(model.provider == "local" for model in others):
            near = [catalog.resolve(model.ref) for model in others if not model.box]
            return [*embedded, *with_relief(near, self._remotes())], []
        unknown = [("local", ModelError(FailureKind.UNAVAILABLE, _LOADING))] if self._loading else []
        return [*embedded, *(catalog.resolve(model.ref) for model in others)], unknown

    def _remotes(self) -> list[Candidate]:
        remotes = (provider for name, provider in self._ready.items() if name.startswith(REMOTE_PREFIX))
        return [self._of(provider) for provider in remotes if provider.models()]

    @staticmethod
    def _of(provider: Provider) -> Candidate:
        return Candidate(provider, provider.models()[0])

    def choice(self, agent_id: str) -> ModelChoice:
        """Return what the configuration says about the model of an agent."""
        agents = self._agents_section()
        entry = agents.entries.get(agent_id)
        return entry.model if entry is not None and entry.model is not None else agents.defaults.model

    async def reaches(self, ref: str, *, routed: bool) -> bool:
        """Tell whether the service of a model takes a connection now; its rest for having been away ends then.

        `routed`: there is a default route. A reference that leads nowhere any more needs no way out.
        """
        if (info := self.find(ref)) is None:
            return True
        provider: object = self._current().provider(info.provider)
        if isinstance(provider, Reaches) and not await provider.reaches(routed=routed):
            return False
        self._cooldowns.reached(info.provider)
        return True

    # ---- what clients see (gateway.methods.seams.Models)

    def listed(self) -> Sequence[ListedModel]:
        """Return every model that could answer, those that are asked first in front."""
        catalog = self._current()
        names = {ref: alias for alias, ref in catalog.aliases.items()}
        chosen = self._chosen(catalog)
        found = []
        for info in self._in_order(catalog):
            reason = self._away(info)
            tags = (chosen[info.ref],) if info.ref in chosen else ()
            found.append(ListedModel(info, reason is None, reason, names.get(info.ref), tags))
        return found

    def _away(self, info: ModelInfo) -> str | None:
        """Return why a model cannot be asked now, in the words of the protocol."""
        if self._offline() and not info.local:
            return "offline"
        rest = self._cooldowns.resting(info.provider, self._clock.monotonic())
        if rest is None:
            return None
        return "auth-failed" if rest[0] is FailureKind.AUTH else "cooldown"

    def primary(self, agent_id: str) -> ModelInfo | None:
        """Return the model that an agent asks first, the embedded one aside unless it is the only one."""
        choice = self.choice(agent_id)
        if choice.primary:
            return self._current().find(choice.primary)
        known = [info for info in self._in_order(self._current()) if _talks(info)]
        return next((info for info in known if info.provider != EMBEDDED), known[0] if known else None)

    def find(self, wanted: str) -> ModelInfo | None:
        """Return the model of a reference or an alias."""
        return self._current().find(wanted)

    def refs(self) -> Sequence[str]:
        """Return the references of all models, for the slash commands."""
        return [one.info.ref for one in self.listed()]

    async def embed(self, model: str | None, texts: Sequence[str]) -> Embedded | None:
        """Return vectors from the wanted model, or from the first that can; None when there is none."""
        catalog = self._current()
        able = [info for info in self._in_order(catalog) if info.embeds and (info.local or not self._offline())]
        wanted = model or (able[0].ref if able else None)
        if wanted is None:
            return None
        candidate = catalog.resolve(wanted)
        return Embedded(candidate.ref, await candidate.provider.embed(candidate.model.id, texts))

    def generate(
        self, agent_id: str, model: str | None, build: Callable[[ModelInfo], GenerateRequest]
    ) -> AsyncGenerator[ChainItem]:
        """Stream an answer without the agent, for callers that bring their own tools (gateway.http.exchange)."""
        candidates, unknown = self._candidates(self._current(), agent_id, model)
        able = [one for one in candidates if one.model.provider != EMBEDDED]
        return self._failover(able, unknown).generate(build)

    # ---- inside

    def _in_order(self, catalog: Catalog) -> Sequence[ModelInfo]:
        known = {info.ref: info for info in catalog.models()}
        first = [known.pop(ref) for ref in self._chosen(catalog) if ref in known]
        return first + sorted(known.values(), key=lambda info: not info.local)

    def _chosen(self, catalog: Catalog) -> dict[str, str]:
        """Return the references that the default agent asks, in order, each with what it is to it."""
        section = self._agents_section()
        default = next((name for name, entry in section.entries.items() if entry.default), "main")
        choice = self.choice(default)
        found: dict[str, str] = {}
        for ref in choice.candidates:
            info = catalog.find(ref)
            found.setdefault(info.ref if info else ref, "default" if ref == choice.primary else "fallback")
        return found

    def _agents_section(self) -> AgentsSection:
        agents = self._config().agents
        return AgentsSection() if isinstance(agents, Refused) else agents

    def _offline(self) -> bool:
        # An unreadable switch means: do not dial out.
        offline = self._config().offline
        return True if isinstance(offline, Refused) else offline

    def _current(self) -> Catalog:
        if self._version() != self._built:
            self._catalog = self._build()
            # The owner may just have mended what made a service fail, its key above all.
            self._cooldowns = Cooldowns()
        return self._catalog

    def _build(self) -> Catalog:
        # The connections belong to the dialer and outlive a catalog: a run in flight goes on.
        self._built = self._version()
        catalog = Catalog(_settings(self._config(), self._offline()), self._around, ready=list(self._ready.values()))
        issues = {str(issue.details.get("path", "models.providers")): issue for issue in catalog.issues}
        for path in self._unusable - issues.keys():
            self._tracker.clear(_SETTINGS_CODE, path)
        self._unusable = set(issues)
        for path, issue in issues.items():
            details = {"path": path, "reason": str(issue)}
            self._tracker.set(
                Condition(_SETTINGS_CODE, path, Severity.DEGRADED, str(issue), f"Correct {path}.", details)
            )
        return catalog


def _talks(info: ModelInfo) -> bool:
    """Tell whether a model is for conversations: a service has others to embed, the engine has one for both."""
    return not info.embeds or info.provider == "local"


def _resolved(catalog: Catalog, wanted: Sequence[str], loading: bool) -> _Candidates:
    """Look every reference up. One that leads nowhere (the engine is absent, say) must not silence the others."""
    found: list[Candidate] = []
    unknown: list[tuple[str, ModelError]] = []
    for ref in wanted:
        try:
            found.append(catalog.resolve(ref))
        except ApplianceError as error:
            if not ref.startswith("local/") or catalog.provider("local") is not None:
                unknown.append((ref, ModelError(FailureKind.NOT_FOUND, str(error))))
            elif loading:
                unknown.append((ref, ModelError(FailureKind.UNAVAILABLE, _LOADING)))
            else:
                unknown.append((ref, ModelError(FailureKind.NOT_FOUND, _NOT_HERE)))
    return found, unknown


def _settings(config: Config, offline: bool) -> ModelsSettings:
    section = config.models
    if isinstance(section, Refused):
        return ModelsSettings(replace=True, offline=True)
    agents = config.agents
    known = {} if isinstance(agents, Refused) else agents.defaults.models
    aliases = {entry.alias: ref for ref, entry in known.items() if entry.alias}
    return ModelsSettings(
        tuple(_provider(name, one) for name, one in section.providers.items()),
        {**aliases, **section.aliases},
        replace=section.mode == "replace",
        offline=offline,
    )


def _provider(name: str, section: ProviderSection) -> ProviderSettings:
    return ProviderSettings(
        name,
        base_url=section.base_url,
        api=Api(section.api) if section.api else None,
        api_key=section.api_key.reveal() if section.api_key else None,
        auth=Auth(section.auth),
        auth_header=section.auth_header,
        headers={key: value.reveal() for key, value in section.headers.items()},
        max_tokens=section.max_tokens,
        timeout_s=section.timeout_seconds,
        models=tuple(_model(one) for one in section.models),
    )


def _model(section: ModelSection) -> ModelSettings:
    return ModelSettings(
        section.id,
        name=section.name,
        reasoning=section.reasoning,
        accepts_images="image" in section.input if section.input else None,
        embeds=section.embeds,
        context_window=section.context_tokens or section.context_window,
        max_tokens=section.max_tokens,
        cost_input=section.cost.input if section.cost else None,
        cost_output=section.cost.output if section.cost else None,
        # 0 is what the file says when it says nothing: then cached tokens are counted at the full price.
        cost_cache_read=(section.cost.cache_read or None) if section.cost else None,
        cost_cache_write=(section.cost.cache_write or None) if section.cost else None,
    )
