"""Which few tools a small model sees in a turn: fixed kits, so that the beginning of its prompt is the same bytes.

A model on a box reads every tool that it is offered at some ten tokens a second. The state of a beginning that it
has read before is restored in milliseconds, hence few kits that never change, and no kit made for one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from appliance.generation import ToolSpec

MIN_TOOLS, DEFAULT_TOOLS, MAX_TOOLS = 3, 5, 6

# By theme: the tools that live there, then those that fill the room which is left. The first theme is for a
# conversation that asks for no tool in particular.
_THEMES: Final[tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]] = (
    ("general", ("clock_now", "date_lookup", "calculate", "unit_convert", "box_health"), ()),
    ("timers", ("timer_set", "timer_list", "timer_cancel"), ("undo_last", "clock_now")),
    ("alarms", ("alarm_set", "alarm_list", "alarm_cancel"), ("undo_last", "date_lookup")),
    ("reminders", ("reminder_set", "reminder_list", "reminder_cancel"), ("undo_last", "date_lookup")),
    ("notes", ("note_add", "note_search", "note_list", "note_delete"), ("undo_last",)),
    ("lists", ("list_add", "list_show", "list_remove", "list_clear"), ("undo_last",)),
    ("home", ("light_set", "scene_set", "volume_set", "media_control"), ("undo_last",)),
    ("nodes", ("node_list", "node_invoke", "node_run"), ()),
)
# Probabilities of the n-gram model. They are low even for clear wishes: what is simple never comes here, the embedded
# model has done it. A conversation that has no kit yet takes a weak hint; to leave a kit costs the whole history, which
# is read again behind the new tools, so that needs a clearer wish.
_HINT = 0.05
_WISH = 0.3


class ToolScores(Protocol):
    """Tells how likely a sentence asks for each tool (the n-gram part of homarus-mini, in process)."""

    def __call__(self, text: str) -> Mapping[str, float]: ...


@dataclass(frozen=True, slots=True)
class Kit:
    """A fixed set of tools in a fixed order."""

    name: str
    tools: tuple[ToolSpec, ...]

    def has(self, name: str) -> bool:
        return any(tool.name == name for tool in self.tools)


def kits(specs: Sequence[ToolSpec], size: int = DEFAULT_TOOLS) -> tuple[Kit, ...]:
    """Return the kits of the tools that a run may use, at most `size` (3 to 6) in each; every tool is in one.

    The same tools give the same kits, whatever is said. Fewer tools than `size` are one kit, `all`.
    """
    size = min(MAX_TOOLS, max(MIN_TOOLS, size))
    if len(specs) <= size:
        return (Kit("all", tuple(specs)),) if specs else ()
    known = {spec.name: spec for spec in specs}
    found: list[Kit] = []
    for theme, own, also in _THEMES:
        found += _theme(theme, [known[n] for n in own if n in known], [known[n] for n in also if n in known], size)
    placed = {spec.name for kit in found for spec in kit.tools}
    return (*found, *_chunks("more", [spec for spec in specs if spec.name not in placed], size))


def choose(available: Sequence[Kit], text: str, scores: Mapping[str, float], current: str | None) -> Kit | None:
    """Return the kit of a turn; None without kits. `current` is the kit that this conversation has.

    A tool that the person names by its name wins; then a clear wish; then the kit the conversation has.
    """
    if not available:
        return None
    named = next((tool.name for kit in available for tool in kit.tools if tool.name in text), None)
    if named is not None:
        return _home(available, named, current)
    mine = next((kit for kit in available if kit.name == current), None)
    offered = {tool.name for kit in available for tool in kit.tools}
    top = max(offered & scores.keys(), key=lambda name: (scores[name], name), default=None)
    if top is None or scores[top] < (_HINT if mine is None else _WISH):
        return mine or available[0]
    return _home(available, top, current)


def _home(available: Sequence[Kit], tool: str, current: str | None) -> Kit:
    having = [kit for kit in available if kit.has(tool)]
    return next((kit for kit in having if kit.name == current), having[0])


def _theme(name: str, own: Sequence[ToolSpec], also: Sequence[ToolSpec], size: int) -> list[Kit]:
    chunks = _chunks(name, own, size)
    if chunks and (room := size - len(chunks[-1].tools)) > 0:
        chunks[-1] = Kit(chunks[-1].name, (*chunks[-1].tools, *also[:room]))
    return chunks


def _chunks(name: str, tools: Sequence[ToolSpec], size: int) -> list[Kit]:
    parts = [tuple(tools[at : at + size]) for at in range(0, len(tools), size)]
    return [Kit(name if number == 1 else f"{name} {number}", part) for number, part in enumerate(parts, 1)]
