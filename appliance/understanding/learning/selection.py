"""Which turns teach: exactly one call of our tools, done, not taken back, and its arguments in the words. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from appliance.understanding.arguments import BUILDERS, build
from appliance.understanding.dialogue.following import UNDO, Call, following
from appliance.understanding.languages import Language, language
from appliance.understanding.request import Request
from appliance.understanding.text import MAX_CHARS, MAX_WORDS, clean, lowered
from appliance.understanding.vocabulary import TOOLS, WRITING

# "undo that" is about what came before it, so its words prove nothing
LEARNABLE: frozenset[str] = frozenset(BUILDERS) & frozenset(TOOLS) - {UNDO}
_MIN_WORDS = 2  # "and now?" means what the conversation was about
_OPPOSITES = {"_set": "_cancel", "_add": "_delete"}  # endings of tool names
_OBJECTIONS = re.compile(
    r"(?:no|nope|not that|wrong|stop|nein|nicht|falsch|stopp|quatsch|non|pas ça|faux|arrête)\b", re.IGNORECASE
)

Plain: TypeAlias = str | float | bool | None | tuple["Plain", ...]


@dataclass(frozen=True, slots=True)
class Done:
    """A call as it was carried out."""

    tool: str
    arguments: Mapping[str, Any]
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """What a person said and what was done for it. `said_ms` is when."""

    text: str
    calls: Sequence[Done]
    said_ms: int


def lesson(turn: Turn) -> Done | None:
    """Return the one call that a turn may teach, None when it teaches nothing.

    A writing call without arguments is none: nothing in the words proves what it was for.
    """
    words = clean(turn.text[: 4 * MAX_CHARS]).split()
    if not _MIN_WORDS <= len(words) <= MAX_WORDS or len(turn.text) > MAX_CHARS or len(turn.calls) != 1:
        return None
    call = turn.calls[0]
    if call.failed or call.tool not in LEARNABLE or (call.tool in WRITING and not call.arguments):
        return None
    return call


def taken_back(taught: Done, after: Turn, tag: str, zone: ZoneInfo) -> bool:
    """Tell whether the next turn of the person undid or corrected a call."""
    if _OBJECTIONS.match(after.text.strip()):
        return True
    called = {one.tool for one in after.calls}
    opposite = next((taught.tool.removesuffix(a) + b for a, b in _OPPOSITES.items() if taught.tool.endswith(a)), "")
    if called & {UNDO, opposite, "list_remove" if taught.tool == "list_add" else UNDO}:
        return True
    changed = following(after.text, Call(taught.tool, taught.arguments), language(tag), after.said_ms, zone)
    return changed is not None and changed != (Call(taught.tool, taught.arguments),)


def agrees(turn: Turn, call: Done, tag: str, zone: ZoneInfo) -> bool:
    """Tell whether the parsers of a language read the same arguments out of the words as the larger model gave.

    Where they do not, the embedded model would do something else than was done.
    """
    words, spoken = clean(turn.text).split(), language(tag)
    spans = spoken.ruled(call.tool, " ".join(lowered(words)))
    built = build(call.tool, Request.of(spoken, words, spans, turn.said_ms, zone))
    return built is not None and plain(built, zone) == plain(_named(call.arguments, spoken), zone)


def _named(arguments: Mapping[str, Any], spoken: Language) -> Mapping[str, Any]:
    """Return the arguments with a list under the name that the embedded model uses: Einkaufsliste is einkauf."""
    name = arguments.get("list")
    known = spoken.list_name(name.lower(), "") if isinstance(name, str) else None
    return arguments if known is None else {**arguments, "list": known}


def plain(value: Any, zone: ZoneInfo) -> Plain:
    """Return a value in the one form in which equal meanings are equal.

    Case, spaces and outer punctuation do not count, nor the order of a list; moments are local and to the minute.
    """
    if isinstance(value, Mapping):
        known = {str(key): one for key, one in value.items() if one is not None}
        return tuple((key, plain(known[key], zone)) for key in sorted(known))
    if isinstance(value, (list, tuple)):
        return tuple(sorted((plain(one, zone) for one in value), key=repr))
    if isinstance(value, str):
        return _moment(value, zone) or " ".join(value.casefold().split()).strip(" .,!?;:\"'")
    return value if isinstance(value, bool) or value is None else float(value)


def _moment(text: str, zone: ZoneInfo) -> str | None:
    if "T" not in text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    local = moment.astimezone(zone).replace(tzinfo=None) if moment.tzinfo else moment
    return local.isoformat(timespec="minutes")
