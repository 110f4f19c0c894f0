"""From a sentence and the last call to the calls that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from re import Pattern
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from appliance.understanding.dialogue.phrases import phrases
from appliance.understanding.dialogue.variants import VARIANTS, Variation
from appliance.understanding.languages import Language
from appliance.understanding.text import clean
from appliance.understanding.vocabulary import WRITING

MAX_WORDS = 14  # what is longer is a wish of its own
UNDO = "undo_last"


@dataclass(frozen=True, slots=True)
class Call:
    """A tool with its arguments, as it was called or is to be called."""

    tool: str
    arguments: Mapping[str, Any]


_Reader: TypeAlias = Callable[[str, bool], Mapping[str, Any] | None]


def following(
    text: str, last: Call, language: Language, now_ms: int, zone: ZoneInfo, *, undoable: bool = True
) -> tuple[Call, ...] | None:
    """Return the calls that a correction or follow-up of `last` asks for, None when the sentence is neither.

    A correction of something that was written takes it back first, where it is `undoable`: the newest change would
    otherwise be another one. `now_ms` and `zone` say when and where it was said.
    """
    said = clean(text)
    words = said.lower().split()
    if not words or len(words) > MAX_WORDS:
        return None
    low = " ".join(words)
    known = phrases(language.tag)
    writes = undoable and last.tool in WRITING and last.tool != UNDO
    if writes and any(pattern.match(low) for pattern in known.retractions):
        return (Call(UNDO, {}),)
    variant = VARIANTS.get(last.tool)
    if variant is None:
        return None
    if any(pattern.match(low) for pattern in known.repeats):
        return (last,)

    def read(value: str, added: bool) -> Mapping[str, Any] | None:
        asked = Variation(value.strip(" ,.!?"), last.arguments, added, language, known, now_ms, zone)
        found = variant(asked)
        return None if found is None else {key: _as_said(value, said) for key, value in found.items()}

    changed = _first(known.corrections, low, added=False, read=read, last=last)
    if changed is not None:
        return (Call(UNDO, {}), Call(last.tool, changed)) if writes else (Call(last.tool, changed),)
    more = _first(known.additions, low, added=True, read=read, last=last)
    return None if more is None else (Call(last.tool, more),)


def _first(
    patterns: tuple[Pattern[str], ...], low: str, *, added: bool, read: _Reader, last: Call
) -> Mapping[str, Any] | None:
    """Return the arguments of the first pattern whose value can be read and changes something."""
    for pattern in patterns:
        if (match := pattern.match(low)) is None:
            continue
        found = read(match["x"], added)
        if found is not None and (added or dict(found) != dict(last.arguments)):
            return found
    return None


def _as_said(value: Any, said: str) -> Any:
    """Return the words of a value as they were written: the phrases read them in lower case."""
    if isinstance(value, list):
        return [_as_said(one, said) for one in value]
    low = said.lower()
    if not isinstance(value, str) or len(low) != len(said) or (at := low.rfind(value)) < 0:
        return value
    return said[at : at + len(value)]
