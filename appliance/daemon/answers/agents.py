"""The agents of the configuration as methods know them."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.config.sections.models import AgentsSection
from appliance.daemon.live_config import LiveConfig
from appliance.foundation.paths import StatePaths
from appliance.gateway.methods.facts import agents_of
from appliance.gateway.methods.seams import AgentFacts


class AgentList:
    """The agents of the configuration, made anew when it changes."""

    def __init__(self, config: LiveConfig, paths: StatePaths) -> None:
        self._config = config
        self._workspaces = paths.root / "workspace"
        self._read: tuple[str, Sequence[AgentFacts]] = ("", ())

    def __call__(self) -> Sequence[AgentFacts]:
        loaded = self._config.loaded
        if self._read[0] != loaded.hash:
            section = self._config.section(loaded.config.agents, AgentsSection())
            self._read = (loaded.hash, agents_of(section, self._workspaces))
        return self._read[1]
