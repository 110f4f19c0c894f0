"""Which of several pending things a person means. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from appliance.agenda.model import Due, Kind
from appliance.tools.base import ToolRefusedError
from appliance.tools.speech import Speech

_FILLERS: Final = re.compile(
    r"\b(the|my|a|an|our|timer|timers|alarm|alarms|reminder|reminders|for|to|about"
    r"|der|die|das|den|mein|meine|meinen|wecker|erinnerung|erinnerungen|für|fuer|an|zu"
    r"|le|la|les|mon|ma|mes|un|une|minuteur|minuteurs|minuterie|réveil|reveil|rappel|rappels|pour|de|des|du)\b"
)
_MAX_NAMED: Final = 10


def normalized(text: str) -> str:
    """Return a label as it is compared: no case, articles, punctuation or the word timer itself."""
    plain = re.sub(r"[^\w\s]", " ", text.casefold())
    return " ".join(_FILLERS.sub(" ", plain).split()) or " ".join(plain.split())


def by_text(candidates: Sequence[Due], text: str) -> list[Due]:
    """Return those whose text is `text`, else those that contain all its words."""
    wanted = normalized(text)
    exact = [one for one in candidates if normalized(one.text) == wanted]
    if exact:
        return exact
    words = set(wanted.split())
    return [one for one in candidates if words and words <= set(normalized(one.text).split())]


def choose(
    candidates: Sequence[Due],
    *,
    kind: Kind,
    everything: bool,
    filters: Sequence[tuple[str, Callable[[Sequence[Due]], Sequence[Due]]]],
    now_ms: int,
    words: Speech,
) -> list[Due]:
    """Return what to cancel. `filters` are the wishes, each with the words that name it.

    Raises ToolRefusedError that asks back when several are meant, and one that lists what there is when none is.
    """
    if not candidates:
        raise ToolRefusedError(words.say(f"{kind}.cancel.none"))
    if everything and not filters:
        return list(candidates)
    found: Sequence[Due] = candidates
    for which, keep in filters:
        narrower = keep(found)
        if not narrower:
            there = _there_are(candidates, kind, now_ms, words)
            raise ToolRefusedError(words.say(f"{kind}.unknown", which=which, there=there), _data(candidates))
        found = narrower
    if len(found) == 1 or everything:
        return list(found)
    raise ToolRefusedError(words.say("which", there=_there_are(found, kind, now_ms, words)), _data(found))


def listed(found: Sequence[Due], kind: Kind, now_ms: int, words: Speech) -> str:
    """Say what there is: `2 timers: pasta, 4 minutes left (until 14:35); 10 minutes, …`."""
    if not found:
        return words.say(f"{kind}.none")
    names = words.semicolon.join(one.name(now_ms, words) for one in found[:_MAX_NAMED])
    more = len(found) - _MAX_NAMED
    return words.say(
        "listed.more" if more > 0 else "listed", count=words.count(len(found), kind), names=names, more=more
    )


def cancellation(chosen: Sequence[Due], now_ms: int, words: Speech) -> str:
    """Say what was cancelled."""
    kind = chosen[0].kind
    if len(chosen) > 1:
        return words.say("cancelled.many", count=words.count(len(chosen), kind))
    return words.say(f"{kind}.cancelled", name=chosen[0].name(now_ms, words))


def _there_are(found: Sequence[Due], kind: Kind, now_ms: int, words: Speech) -> str:
    return words.say("there.one" if len(found) == 1 else "there.many", listed=listed(found, kind, now_ms, words))


def _data(found: Sequence[Due]) -> dict[str, object]:
    return {"candidates": [one.data() for one in found[:_MAX_NAMED]]}
