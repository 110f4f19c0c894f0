"""From the session key and agent id of a request to the one session that is meant."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.gateway.methods.seams import AgentFacts, Agents
from appliance.protocol.errors import WireError, invalid_request
from appliance.sessions.keys import SessionKey, main_key, resolve_alias


@dataclass(frozen=True, slots=True)
class Place:
    """A session by its canonical key, and the agent that it belongs to."""

    key: str
    agent_id: str


class Addressing:
    """Resolves `main`, short keys and agent ids."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents

    def default(self) -> AgentFacts:
        return self._agents()[0]

    def agent(self, agent_id: str | None) -> AgentFacts:
        """Return an agent, the default one for None. Raises WireError for an id that is not configured."""
        if agent_id is None:
            return self.default()
        for agent in self._agents():
            if agent.id == agent_id:
                return agent
        raise unknown_agent(agent_id)

    def locate(self, key: str, agent_id: str | None = None) -> Place:
        """Return the session that a key means. Raises WireError when key and agent contradict each other."""
        canonical = resolve_alias(key, agent_id=self.agent(agent_id).id)
        owner = SessionKey.parse(canonical).agent_id
        if agent_id is not None and owner != agent_id:
            raise invalid_request(f"session key {key} does not belong to agent {agent_id}")
        return Place(canonical, self.agent(owner).id)

    def chosen(self, key: str | None, agent_id: str | None) -> str | None:
        """Return the session that is asked for: the main one where only an agent is named, None where nothing is."""
        if key is not None:
            return self.locate(key, agent_id).key
        return None if agent_id is None else self.main(agent_id).key

    def main(self, agent_id: str | None = None) -> Place:
        """Return the main session of an agent."""
        agent = self.agent(agent_id)
        return Place(main_key(agent.id), agent.id)


def unknown_agent(agent_id: str) -> WireError:
    return invalid_request(f'unknown agent id "{agent_id}"', details={"code": "UNKNOWN_AGENT_ID", "agentId": agent_id})
