"""The tools of a run, under the policy that the configuration gives its agent and its model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

from appliance.config.errors import Refused
from appliance.config.schema import Config
from appliance.config.sections.tools import ToolPolicySection
from appliance.daemon.models import EMBEDDED
from appliance.daemon.tools import UNEQUIPPED
from appliance.foundation.clock import Clock
from appliance.generation import ModelInfo, ToolSpec
from appliance.messages import ToolCall, ToolResult
from appliance.sessions.model import Inbound
from appliance.tools.base import ToolContext
from appliance.tools.executor import Executor
from appliance.tools.policy import NO_TOOLS, PolicyLayer, ToolPolicy, tool_policy
from appliance.tools.registry import Registry
from appliance.tools.selection import DEFAULT_TOOLS, Kit, ToolScores, choose, kits

_MAX_HEARD = 256  # sessions whose language is remembered


class Toolbox:
    """Chooses and runs tools (dispatch.running.ToolSource)."""

    def __init__(
        self,
        registry: Registry,
        config: Callable[[], Config],
        clock: Clock,
        *,
        scores: ToolScores | None = None,
        probed_size: Callable[[], int | None] = lambda: None,
        hears: Callable[[str], str | None] = lambda _: None,
        hidden: Callable[[], frozenset[str]] = frozenset,
        hints: Callable[[str], Mapping[str, float]] = lambda _: {},
    ) -> None:
        self._hidden = hidden
        self._hints = hints
        self._hears = hears
        self._heard: dict[str, str] = {}
        self._scores = scores or _no_scores
        self._probed_size = probed_size
        self._registry = registry
        self._executor = Executor(registry)
        self._config = config
        self._clock = clock

    def specs(self, inbound: Inbound, model: ModelInfo) -> Sequence[ToolSpec]:
        """Return what this model may call in this run.

        What this box has no hardware for is left out for those who can say so in their own words.
        """
        specs = self._useful(self._policy(inbound, model))
        if model.provider == EMBEDDED:
            return specs
        missing = self._registry.groups().get(UNEQUIPPED, frozenset())
        return [spec for spec in specs if spec.name not in missing]

    def kits(self, agent_id: str, model: ModelInfo) -> tuple[Kit, ...]:
        """Return every kit that a model on this box may see: what its prompts can begin with."""
        return kits(self._useful(self._agent_policy(agent_id, model)), self._size())

    def choose(self, specs: Sequence[ToolSpec], text: str, current: str | None) -> Kit | None:
        """Choose the tools of a turn for a model on a box (context.assembly.KitChooser)."""
        scores = {**self._scores(text), **self._hints(text)} if text else {}
        return choose(kits(specs, self._size()), text, scores, current)

    def _useful(self, policy: ToolPolicy) -> Sequence[ToolSpec]:
        """Return what a policy allows without the tools that have nothing to act on now."""
        hidden = self._hidden()
        return [spec for spec in self._registry.specs(policy) if spec.name not in hidden]

    def _size(self) -> int:
        models = self._config().models
        chosen = None if isinstance(models, Refused) else models.local.tools_per_turn
        return chosen or self._probed_size() or DEFAULT_TOOLS

    async def execute(self, call: ToolCall, inbound: Inbound, model: ModelInfo | None, zone: ZoneInfo) -> ToolResult:
        """Run a call under the same policy; a call that is not allowed is an answer, not an exception."""
        context = ToolContext(
            session_key=inbound.session_key,
            agent_id=inbound.agent_id,
            run_id=inbound.run_id,
            # Models number their calls anew in each turn: only with the run is the name unique.
            call_id=f"{inbound.run_id}:{call.id}",
            now_ms=self._clock.now_ms(),
            zone=zone,
            locale=self.locale(inbound),
        )
        return await self._executor.execute(call, context, self._policy(inbound, model))

    def locale(self, inbound: Inbound) -> str:
        """Return the language to answer in: that of the words, else the one heard last, else the owner's.

        "ok, ten" has no language of its own.
        """
        key = inbound.session_key
        if heard := self._hears(inbound.text):
            self._heard.pop(key, None)  # to the end: the dictionary keeps its order
            self._heard[key] = heard
            if len(self._heard) > _MAX_HEARD:
                del self._heard[next(iter(self._heard))]
        locale = self._config().locale
        return self._heard.get(key) or ("en" if isinstance(locale, Refused) else locale)

    def _policy(self, inbound: Inbound, model: ModelInfo | None) -> ToolPolicy:
        return self._agent_policy(inbound.agent_id, model)

    def _agent_policy(self, agent_id: str, model: ModelInfo | None) -> ToolPolicy:
        config = self._config()
        if isinstance(config.tools, Refused) or isinstance(config.agents, Refused):
            return NO_TOOLS
        entry = config.agents.entries.get(agent_id)
        return tool_policy(
            _layer(config.tools),
            {name: _layer(section) for name, section in config.tools.by_provider.items()},
            agent=_layer(entry.tools) if entry is not None and entry.tools is not None else None,
            model_ref=model.ref if model is not None else None,
        )


def _no_scores(_: str) -> Mapping[str, float]:
    return {}


def _layer(section: ToolPolicySection) -> PolicyLayer:
    return PolicyLayer(section.profile, section.allow, section.also_allow, section.deny)
