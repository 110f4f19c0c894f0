"""Which tools a run may use: a pure function of the configuration. Each layer only narrows; deny always wins.

Semantics: behaviour.md 5 (profile, allow, alsoAllow, deny, group names, `*`, case does not matter).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

Groups = Mapping[str, frozenset[str]]

# None: everything. The tools of the household belong to every profile but the smallest one, whose tools only tell.
_PROFILES: Final[Mapping[str, tuple[str, ...] | None]] = {
    "full": None,
    "minimal": ("session_status", "clock_now", "date_lookup", "calculate", "unit_convert", "box_health"),
    "coding": ("group:assistant", "group:fs", "group:runtime", "group:web", "group:sessions", "group:memory", "cron"),
    "messaging": ("group:assistant", "group:messaging", "group:sessions"),
}


@dataclass(frozen=True, slots=True)
class PolicyLayer:
    """One place of the configuration that speaks of tools. `allow` None: all of the profile."""

    profile: str | None = None
    allow: tuple[str, ...] | None = None
    also_allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def allows(self, name: str, groups: Groups) -> bool:
        """Tell whether this layer lets a tool through. A profile that is not known lets nothing through."""
        if _matches(name, self.deny, groups):
            return False
        if self.allow is not None and not _matches(name, self.allow, groups):
            return False
        if self.profile is None:
            return True
        members = _PROFILES.get(self.profile, ())
        return members is None or _matches(name, (*members, *self.also_allow), groups)


@dataclass(frozen=True, slots=True)
class ToolPolicy:
    """All layers that hold for a run. A tool must pass each of them."""

    layers: tuple[PolicyLayer, ...] = ()

    def allows(self, name: str, groups: Groups) -> bool:
        """Tell whether a run may use the tool `name`."""
        return all(layer.allows(name, groups) for layer in self.layers)

    def narrowed(self, layer: PolicyLayer) -> ToolPolicy:
        """Return this policy with one more layer; it never allows more than this one."""
        return ToolPolicy((*self.layers, layer))


NO_TOOLS: Final = ToolPolicy((PolicyLayer(allow=()),))
"""For a box whose tool configuration is refused: no tool at all rather than a guess."""


def tool_policy(
    layer: PolicyLayer,
    by_provider: Mapping[str, PolicyLayer],
    *,
    agent: PolicyLayer | None = None,
    model_ref: str | None = None,
) -> ToolPolicy:
    """Put the layers together: `tools`, `tools.byProvider` for provider and model, the agent's own."""
    layers = [layer]
    if model_ref is not None:
        provider = model_ref.partition("/")[0].lower()
        wanted = {provider, model_ref.lower()}
        layers += [one for name, one in by_provider.items() if name.lower() in wanted]
    return ToolPolicy((*layers, *([agent] if agent else [])))


def _matches(name: str, patterns: Iterable[str], groups: Groups) -> bool:
    return any(_matches_one(name, pattern.strip().lower(), groups) for pattern in patterns)


def _matches_one(name: str, pattern: str, groups: Groups) -> bool:
    if pattern.startswith("group:"):
        return name in groups.get(pattern.removeprefix("group:"), ())
    return _compiled(pattern).fullmatch(name.lower()) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a glob in which only `*` is special. Runs of stars are one star: they would make the match slow."""
    return re.compile(".*".join(re.escape(piece) for piece in re.split(r"\*+", pattern)))
