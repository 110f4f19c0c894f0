"""The tools that this box has, by name. Registration is explicit and happens once, where the box is put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from appliance.generation import ToolSpec
from appliance.tools.base import Tool
from appliance.tools.policy import ToolPolicy


class Registry:
    """All tools, in the order of their registration, so that a prompt is the same bytes every time."""

    def __init__(self) -> None:
        self._tools: dict[str, Tool] = {}
        self._groups: dict[str, frozenset[str]] = {}

    def register(self, tool: Tool, *, groups: Iterable[str] = ()) -> None:
        """Add a tool to the box and to `groups` (without the prefix `group:`). Raises ValueError on a name twice."""
        name = tool.spec.name
        if name in self._tools:
            raise ValueError(f"the tool {name} is registered twice")
        self._tools[name] = tool
        for group in groups:
            self._groups[group] = self._groups.get(group, frozenset()) | {name}

    def get(self, name: str) -> Tool | None:
        """Return the tool of this name."""
        return self._tools.get(name)

    def names(self) -> tuple[str, ...]:
        return tuple(self._tools)

    def specs(self, policy: ToolPolicy | None = None) -> tuple[ToolSpec, ...]:
        """Return what a model sees, under `policy`."""
        return tuple(
            tool.spec for name, tool in self._tools.items() if policy is None or policy.allows(name, self.groups())
        )

    def groups(self) -> Mapping[str, frozenset[str]]:
        """Return the names in each group."""
        return self._groups
