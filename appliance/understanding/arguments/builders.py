"""From a request to the exact arguments of a tool; None where something needed is missing: then it is handed over."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from re import Pattern
from typing import Any

from appliance.understanding.arguments.bare import bare_minutes, wished
from appliance.understanding.arguments.home import light_set, media_control, scene_set, volume_set
from appliance.understanding.arguments.moments import Moment, alarm_time, moment
from appliance.understanding.request import Request
from appliance.understanding.tokens import Tokens
from appliance.understanding.vocabulary import WRITING

Arguments = dict[str, Any]

MAX_TIMER_S = 7 * 86400
_LISTS_OF_WORK = ("to-do", "chores", "errands", "work")  # "clean and polish the car" is one thing


def timer_set(request: Request) -> Arguments | None:
    found = [one.value for one in request.language.durations(request.tokens)]
    seconds = found[0] if found else request.language.stopwatch(request.tokens) or bare_minutes(request)
    if seconds is None or not 0 < seconds <= MAX_TIMER_S or len(set(found)) > 1:
        return None
    return _with({"duration_s": seconds}, label=_label(request))


def timer_cancel(request: Request) -> Arguments | None:
    if _all(request):
        return {"all": True}
    found = request.language.durations(request.tokens)
    return _with({}, label=_label(request), duration_s=found[0].value if found else None)


def alarm_set(request: Request) -> Arguments | None:
    if "label" in request.spans and not request.language.times(request.outside("label")):
        request = replace(request, spans={})  # "midnight alarm": the time is no name
    outside = wished(request.outside("label"), request.language)
    set_for = alarm_time(outside, request.now, request.language)
    exact = {
        (one.value.hour, one.value.minute)
        for one in request.language.times(outside)
        if one.value.certain and not one.value.vague
    }
    if set_for is None or len(exact) > 1:  # two alarms are two calls
        return None
    arguments: Arguments = {"time": f"{set_for.when:%H:%M}"}
    if set_for.repeat:
        arguments["repeat"] = set_for.repeat
    elif set_for.dated:
        arguments["date"] = f"{set_for.when:%Y-%m-%d}"
    return _with(arguments, label=_label(request))


def alarm_cancel(request: Request) -> Arguments | None:
    if _all(request):
        return {"all": True}
    certain = [one for one in request.language.times(request.outside("label")) if not one.value.vague]
    set_for = alarm_time(request.outside("label"), request.now, request.language) if certain else None
    return _with({}, time=f"{set_for.when:%H:%M}" if set_for else None, label=_label(request))


def reminder_set(request: Request) -> Arguments | None:
    if "text" not in request.spans or request.language.words.others.search(request.low):
        return None
    start, end, when = _trimmed(request, *request.spans["text"])
    text = request.between(start, end)
    if text is None or (when is not None and when.unknown_repeat):
        return None
    arguments: Arguments = {"text": request.language.words.text(text)}
    if when is None:
        return None if _hints_time(request) or request.language.words.event.search(text.lower()) else arguments
    if when.seconds is not None:
        arguments["in_s"] = when.seconds
    elif when.when is not None:
        arguments["at"] = f"{when.when:%Y-%m-%dT%H:%M}"
    if when.repeat:
        arguments["repeat"] = when.repeat
    return arguments


def _trimmed(request: Request, start: int, end: int) -> tuple[int, int, Moment | None]:
    """Take times off both ends of a text, unless they were said outside as well; return the rest and when it is due.

    "the 3pm meeting" keeps its time: only what is nothing but a time at an end is taken off.
    """
    known = moment(_without_words(request, start, end), request.now, request.language)
    for cut in range(start + 1, end):
        tail = moment(_cut(request, cut, end), request.now, request.language)
        if tail is not None and tail.whole and not _same_kind(known, tail):
            end = cut
            known = moment(_without_words(request, start, end), request.now, request.language)
            break
    for cut in range(end - 1, start, -1):
        head = moment(_cut(request, start, cut), request.now, request.language)
        if head is not None and head.whole and not _same_kind(known, head):
            start = cut
            known = moment(_without_words(request, start, end), request.now, request.language)
            break
    return start, end, known


def _cut(request: Request, start: int, end: int) -> Tokens:
    return request.language.tokens(request.words[start:end])


def _without_words(request: Request, start: int, end: int) -> Tokens:
    return replace(request, spans={"text": (start, end)}).outside("text")


def _same_kind(known: Moment | None, said: Moment) -> bool:
    if known is None:
        return False
    lengths = known.seconds is not None or said.seconds is not None
    return (
        lengths
        or (known.dated and said.dated)
        or (known.clocked and said.clocked)
        or bool(known.repeat and said.repeat)
    )


def reminder_cancel(request: Request) -> Arguments | None:
    words, text = request.language.words, request.said("text")
    text = words.no_text.sub("", text).strip(" ,") if text and words.no_text else text
    when = moment(request.language.tokens(text.split()), request.now, request.language) if text else None
    timed = when is not None and when.whole  # its time alone finds no reminder
    if text and not timed:
        return {"text": words.text(text)}
    if _all(request) or words.reminders.search(request.low):
        return None if timed else {"all": True}  # those of one day are not all
    return {}


def note_add(request: Request) -> Arguments | None:
    text = request.said("text")
    return _needed(text=request.language.words.text(text) if text else None)


def note_query(request: Request) -> Arguments | None:
    words = request.language.words
    query = _bare(request, _cut_tail(request.said("query"), words.query_tail))
    return None if query is None or query.lower() in words.no_query else {"query": query}


def list_add(request: Request) -> Arguments | None:
    return _list_items(request, _list_name(request) or request.language.words.default_list)


def list_remove(request: Request) -> Arguments | None:
    return _list_items(request, _list_name(request) or request.language.words.default_list, gone=True)


def list_show(request: Request) -> Arguments | None:
    name = _list_name(request)
    if name is None and request.language.words.shopping.search(request.low):
        name = request.language.words.default_list
    return _with({}, list=name)


def list_clear(request: Request) -> Arguments | None:
    name = _list_name(request)
    words = request.language.words
    if name is None and (words.shopping.search(request.low) or words.the_list.search(request.low)):
        name = words.default_list
    return _needed(list=name)


def calculate(request: Request) -> Arguments | None:
    return _needed(expression=request.language.expression(request.text))


def unit_convert(request: Request) -> Arguments | None:
    asked = request.language.conversion(request.tokens)
    if asked is None:
        return None
    value = asked.value
    number: int | float = value.numerator if value.denominator == 1 else round(float(value), 9)
    return {"value": number, "from_unit": asked.from_unit, "to_unit": asked.to_unit}


def clock_now(request: Request) -> Arguments | None:
    words, parts = request.language.words, set(request.tokens.parts)
    date, time = bool(parts & words.date_words), bool(parts & words.time_words)
    both = bool(parts & words.day_words) and time
    asked = "both" if both else "date" if date and not time else "time"
    place = _bare(request, request.said("place"))
    return _with({}, place=words.place(place) if place else None, want=asked)


def date_lookup(request: Request) -> Arguments | None:
    said = request.said("when")
    return _needed(when=request.language.words.when_ends(said) if said else None)


def nothing(request: Request) -> Arguments | None:
    del request
    return {}


BUILDERS: dict[str, Callable[[Request], Arguments | None]] = {
    "timer_set": timer_set, "timer_list": nothing, "timer_cancel": timer_cancel,
    "alarm_set": alarm_set, "alarm_list": nothing, "alarm_cancel": alarm_cancel,
    "reminder_set": reminder_set, "reminder_list": nothing, "reminder_cancel": reminder_cancel,
    "note_add": note_add, "note_list": nothing, "note_search": note_query, "note_delete": note_query,
    "list_add": list_add, "list_show": list_show, "list_remove": list_remove, "list_clear": list_clear,
    "calculate": calculate, "unit_convert": unit_convert,
    "clock_now": clock_now, "date_lookup": date_lookup, "box_health": nothing,
    "volume_set": volume_set, "media_control": media_control, "light_set": light_set, "scene_set": scene_set,
    "undo_last": nothing,
}  # fmt: skip


_COPIED = ("text", "items", "query", "scene")


def build(tool: str, request: Request) -> Arguments | None:
    """Return the arguments of a tool; None when something is missing, or said that no tool can keep."""
    return None if vetoed(tool, request) else BUILDERS[tool](request)


def vetoed(tool: str, request: Request) -> bool:
    """Tell whether it says something that no tool can keep (a condition, a second step), or is no wish at all."""
    words = request.language.words
    if any(tool in tools and pattern.search(request.low) for tools, pattern in words.refused):
        return True
    return tool in WRITING and words.veto is not None and words.veto.search(request.around(*_COPIED)) is not None


def _with(arguments: Arguments, **optional: object) -> Arguments:
    return arguments | {name: value for name, value in optional.items() if value is not None}


def _needed(**values: object) -> Arguments | None:
    return None if None in values.values() else dict(values)


def _label(request: Request) -> str | None:
    return _bare(request, request.said("label"))


def _all(request: Request) -> bool:
    return not request.language.words.all.isdisjoint(request.tokens.parts)


def _bare(request: Request, text: str | None) -> str | None:
    """Take articles and possessives off the front."""
    return None if text is None else request.language.words.bare.sub("", text) or None


def _hints_time(request: Request) -> bool:
    """Tell whether something about time was said that no parser understood: guessing none would lose it."""
    tokens = request.outside("text")
    if any(part[0].isdigit() for part in tokens.parts):
        return True
    return not request.language.words.time_hints.isdisjoint(tokens.parts)


def _list_name(request: Request) -> str | None:
    return request.language.list_name(request.said("list"), " ".join(request.outside("items").parts))


def _cut_tail(said: str | None, *tails: Pattern[str] | None) -> str | None:
    """Take off what a wish ends with; the text itself stays."""
    for tail in tails:
        if said and tail and (found := tail.search(said)) and found.start():
            said = said[: found.start()].strip(" ,")
    return said


def _list_items(request: Request, name: str, gone: bool = False) -> Arguments | None:
    words = request.language.words
    said = _cut_tail(request.said("items"), words.item_tail, words.gone_tail if gone else None)
    if said is None:
        return None
    # "x, and y": a joint after a comma joins nothing more
    pieces = [
        words.item_joint.sub("", f" {piece}", 1) if words.item_joint.match(f" {piece}") else piece
        for piece in re.split(r"\s*[,;]\s*", said)
    ]
    if name not in _LISTS_OF_WORK:
        pieces = [part for piece in pieces for part in words.item_joint.split(piece)]
    items = [kept for piece in pieces if (kept := words.item_articles.sub("", piece.strip()).strip(" .!?\"'"))]
    return {"list": name, "items": items} if items else None
