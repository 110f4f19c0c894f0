"""Which of several pending things a person means. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from appliance.agenda.model import Due
from appliance.tools import wording
from appliance.tools.base import ToolRefusedError

_FILLERS: Final = re.compile(r"\b(the|my|a|an|our|timer|timers|alarm|alarms|reminder|reminders|for|to|about)\b")
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
    noun: str,
    everything: bool,
    filters: Sequence[tuple[str, Callable[[Sequence[Due]], Sequence[Due]]]],
    now_ms: int,
) -> list[Due]:
    """Return what to cancel. `filters` are the wishes, each with the words that name it.

    Raises ToolRefusedError that asks back when several are meant, and one that lists what there is when none is.
    """
    if not candidates:
        raise ToolRefusedError(f"There is no {noun} to cancel.")
    if everything and not filters:
        return list(candidates)
    found: Sequence[Due] = candidates
    for words, keep in filters:
        narrower = keep(found)
        if not narrower:
            raise ToolRefusedError(
                f"There is no {noun} {words}. {_there_are(candidates, noun, now_ms)}", _data(candidates)
            )
        found = narrower
    if len(found) == 1 or everything:
        return list(found)
    raise ToolRefusedError(f"Which one? {_there_are(found, noun, now_ms)}", _data(found))


def listed(found: Sequence[Due], noun: str, now_ms: int) -> str:
    """Say what there is: `2 timers: pasta, 4 minutes left (until 14:35); 10 minutes, …`."""
    if not found:
        return f"There are no {noun}s."
    names = [one.name(now_ms) for one in found[:_MAX_NAMED]]
    more = f"; and {len(found) - _MAX_NAMED} more" if len(found) > _MAX_NAMED else ""
    return f"{wording.count(len(found), noun)}: {'; '.join(names)}{more}."


def _there_are(found: Sequence[Due], noun: str, now_ms: int) -> str:
    return f"There {'is' if len(found) == 1 else 'are'} {listed(found, noun, now_ms)}"


def _data(found: Sequence[Due]) -> dict[str, object]:
    return {"candidates": [one.data() for one in found[:_MAX_NAMED]]}
