"""The configured agents and the catalog of models, seen the way the handlers ask for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from appliance.config.sections.models import AgentSection, AgentsSection
from appliance.gateway.methods.seams import AgentFacts, Agents, ListedModel
from appliance.generation import FailureKind, ModelInfo
from appliance.providers.catalog import Catalog
from appliance.providers.cooldown import Cooldowns
from appliance.sessions.keys import DEFAULT_AGENT, check_agent_id

DEFAULT_NAME = "Homarus"
_REASONS = {FailureKind.AUTH: "auth-failed"}


def agents_of(section: AgentsSection, workspaces: Path) -> tuple[AgentFacts, ...]:
    """Return the agents of the configuration, the default one first; `workspaces` is where they live by default."""
    entries = section.entries or {DEFAULT_AGENT: AgentSection()}
    facts = [_agent(check_agent_id(name), entry, section, workspaces) for name, entry in entries.items()]
    chosen = {check_agent_id(name) for name, entry in entries.items() if entry.default}
    return tuple(sorted(facts, key=lambda one: one.id not in chosen))


def _agent(name: str, entry: AgentSection, section: AgentsSection, workspaces: Path) -> AgentFacts:
    model = entry.model or section.defaults.model
    shown = entry.identity.name or entry.name
    return AgentFacts(
        id=name,
        name=shown or (DEFAULT_NAME if name == DEFAULT_AGENT else name),
        named_by="config" if shown else "default",
        workspace=entry.workspace or section.defaults.workspace or str(workspaces / name),
        primary=model.primary,
        fallbacks=tuple(model.fallbacks),
        emoji=entry.identity.emoji,
        avatar=entry.identity.avatar,
    )


class CatalogModels:
    """The models of a catalog for lists and rows. `bare` names providers that only know their own tools."""

    def __init__(
        self,
        catalog: Catalog,
        cooldowns: Cooldowns,
        agents: Agents,
        *,
        monotonic: Callable[[], float],
        bare: frozenset[str] = frozenset(),
    ) -> None:
        self._catalog = catalog
        self._cooldowns = cooldowns
        self._agents = agents
        self._monotonic = monotonic
        self._bare = bare

    def listed(self) -> Sequence[ListedModel]:
        """Return what the default agent asks, in its order, then every other model."""
        aliases = {ref: alias for alias, ref in self._catalog.aliases.items()}
        agent = self._agents()[0]
        tags = {agent.primary: ("default",)} | dict.fromkeys(agent.fallbacks, ("fallback",))
        seen: dict[str, ListedModel] = {}
        for wanted, info in self._ordered(agent):
            if info.ref not in seen:
                seen[info.ref] = self._listed(info, aliases.get(info.ref), tags.get(wanted, ()))
        return list(seen.values())

    def _ordered(self, agent: AgentFacts) -> Iterator[tuple[str | None, ModelInfo]]:
        for ref in (agent.primary, *agent.fallbacks):
            info = self._catalog.find(ref) if ref else None
            if info is not None:
                yield ref, info
        for info in self._catalog.models():
            yield info.ref, info

    def _listed(self, info: ModelInfo, alias: str | None, tags: tuple[str, ...]) -> ListedModel:
        rest = self._cooldowns.resting(info.provider, self._monotonic())
        if rest is None:
            return ListedModel(info, alias=alias, tags=tags)
        reason = _REASONS.get(rest[0], "cooldown")
        return ListedModel(info, available=False, reason=reason, alias=alias, tags=tags)

    def primary(self, agent_id: str) -> ModelInfo | None:
        """Return the model that an agent asks first: the chosen one, else the first that is more than the embedded."""
        agent = next((one for one in self._agents() if one.id == agent_id), None)
        if agent is not None and agent.primary is not None:
            return self._catalog.find(agent.primary)
        models = [one for one in self._catalog.models() if not one.embeds]
        return next((one for one in models if one.provider not in self._bare), models[0] if models else None)

    def find(self, wanted: str) -> ModelInfo | None:
        return self._catalog.find(wanted)
