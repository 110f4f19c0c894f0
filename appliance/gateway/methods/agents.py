"""agents.list and agent.identity.get."""

from __future__ import annotations

from appliance.gateway.method import Call, Method
from appliance.gateway.methods.addressing import Addressing
from appliance.gateway.methods.seams import AgentFacts, Agents
from appliance.protocol.methods.agents import (
    AgentIdentity,
    AgentIdentityParams,
    AgentIdentityResult,
    AgentModel,
    AgentsListParams,
    AgentsListResult,
    AgentSummary,
)
from appliance.protocol.methods.base import UNSET, or_unset
from appliance.sessions.keys import DEFAULT_MAIN_KEY


def summary(agent: AgentFacts) -> AgentSummary:
    """Return an agent as lists show it."""
    model = AgentModel(primary=or_unset(agent.primary), fallbacks=list(agent.fallbacks) or UNSET)
    return AgentSummary(
        id=agent.id,
        name=agent.name,
        identity=AgentIdentity(name=agent.name, emoji=or_unset(agent.emoji), avatar=or_unset(agent.avatar)),
        workspace=or_unset(agent.workspace),
        model=model if agent.primary or agent.fallbacks else UNSET,
    )


def methods(*, agents: Agents, addressing: Addressing) -> tuple[Method, ...]:
    """Return the methods that say who answers here."""

    def list_(_: Call, __: AgentsListParams) -> AgentsListResult:
        known = agents()
        return AgentsListResult(
            default_id=known[0].id,
            main_key=DEFAULT_MAIN_KEY,
            agents=[summary(one) for one in known],
            ownership="sole" if len(known) == 1 else "explicit",
        )

    def identity(_: Call, params: AgentIdentityParams) -> AgentIdentityResult:
        if params.session_key:
            agent = addressing.agent(addressing.locate(params.session_key, params.agent_id).agent_id)
        else:
            agent = addressing.agent(params.agent_id)
        return AgentIdentityResult(
            agent_id=agent.id,
            name=agent.name,
            name_source="config" if agent.named_by == "config" else "default",
            avatar=or_unset(agent.avatar),
            emoji=or_unset(agent.emoji),
        )

    return (
        Method("agents.list", "operator.read", AgentsListParams, list_, result=AgentsListResult),
        Method("agent.identity.get", "operator.read", AgentIdentityParams, identity, result=AgentIdentityResult),
    )
