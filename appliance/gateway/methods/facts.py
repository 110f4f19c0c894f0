"""The configured agents, seen the way the handlers ask for them."""

from __future__ import annotations

from pathlib import Path

from appliance.config.sections.models import AgentSection, AgentsSection
from appliance.gateway.methods.seams import AgentFacts
from appliance.sessions.keys import DEFAULT_AGENT, check_agent_id

DEFAULT_NAME = "Homarus"


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
