"""From a request to the exact arguments of a tool; None where something needed is missing: then it is handed over."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from appliance.understanding.english.clock import times
from appliance.understanding.english.durations import durations, stopwatch
from appliance.understanding.english.numbers import is_digits
from appliance.understanding.english.sums import expression
from appliance.understanding.english.tokens import Tokens
from appliance.understanding.english.units import conversion, height
from appliance.understanding.moments import Moment, alarm_time, moment
from appliance.understanding.request import Request

Arguments = dict[str, Any]

MAX_TIMER_S = 7 * 86400
_ALL = frozenset({"all", "every", "each", "everything", "both"})
_ARTICLES = re.compile(r"^(?:(?:some|the|a|an|more|also|please|another|any)\s+)+", re.IGNORECASE)
_LIST_WORDS = re.compile(r"\b([\w'-]+(?: [\w'-]+)?) list\b", re.IGNORECASE)
_TASKS = re.compile(r"\b(?:to[ -]?dos?|tasks?|chores?|errands|things to do)\b", re.IGNORECASE)
# a reminder that waits for something to happen cannot be kept
_EVENT = re.compile(
    r"\b(?:when|whenever|once|as soon as|until|if|after|before) "
    r"(?:i|we|it|he|she|they|you|the|my|[a-z]+ (?:gets|arrives|calls|is|comes))\b",
    re.IGNORECASE,
)
# to remind somebody else is to send a message
_OTHERS = re.compile(
    r"\bremind (?!me\b|us\b|myself\b|about\b|to\b|in\b|at\b|on\b)[a-z]+ (?:[a-z]+ )?(?:to|about|that)\b", re.IGNORECASE
)
_NOT_NAMES = frozenset(
    "the my our a this that new whole entire your to on off from of add and it please in "
    "onto into for is clear empty".split()
)


def timer_set(request: Request) -> Arguments | None:
    found = [one.value for one in durations(request.tokens)]
    seconds = found[0] if found else stopwatch(request.tokens)
    if seconds is None or not 0 < seconds <= MAX_TIMER_S or len(set(found)) > 1:
        return None
    return _with({"duration_s": seconds}, label=_label(request))


def timer_cancel(request: Request) -> Arguments | None:
    if _all(request):
        return {"all": True}
    found = durations(request.tokens)
    return _with({}, label=_label(request), duration_s=found[0].value if found else None)


def alarm_set(request: Request) -> Arguments | None:
    outside = request.outside("label")
    set_for = alarm_time(outside, request.now)
    exact = {(one.value.hour, one.value.minute) for one in times(outside) if one.value.certain and not one.value.vague}
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
    certain = [one for one in times(request.outside("label")) if not one.value.vague]
    set_for = alarm_time(request.outside("label"), request.now) if certain else None
    return _with({}, time=f"{set_for.when:%H:%M}" if set_for else None, label=_label(request))


def reminder_set(request: Request) -> Arguments | None:
    if "text" not in request.spans or _OTHERS.search(request.text):
        return None
    start, end, when = _trimmed(request, *request.spans["text"])
    text = request.between(start, end)
    if text is None or (when is not None and when.unknown_repeat):
        return None
    arguments: Arguments = {"text": text}
    if when is None:
        return None if _hints_time(request.outside("text")) or _EVENT.search(text) else arguments
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
    known = moment(_without_words(request, start, end), request.now)
    for cut in range(start + 1, end):
        tail = moment(Tokens.of(request.words[cut:end]), request.now)
        if tail is not None and tail.whole and not _same_kind(known, tail):
            end = cut
            known = moment(_without_words(request, start, end), request.now)
            break
    for cut in range(end - 1, start, -1):
        head = moment(Tokens.of(request.words[start:cut]), request.now)
        if head is not None and head.whole and not _same_kind(known, head):
            start = cut
            known = moment(_without_words(request, start, end), request.now)
            break
    return start, end, known


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
    text = request.said("text")
    if text:
        return {"text": text}
    if _all(request) or re.search(r"\breminders\b", request.text, re.IGNORECASE):
        return {"all": True}
    return {}


def note_add(request: Request) -> Arguments | None:
    return _needed(text=request.said("text"))


def note_query(request: Request) -> Arguments | None:
    return _needed(query=_bare(request.said("query")))


def list_add(request: Request) -> Arguments | None:
    return _list_items(request, _list_name(request) or "shopping")


def list_remove(request: Request) -> Arguments | None:
    return _list_items(request, _list_name(request) or "shopping")


def list_show(request: Request) -> Arguments | None:
    name = _list_name(request)
    if name is None and re.search(r"\b(?:buy|shop|store|supermarket|groceries)\b", request.text, re.IGNORECASE):
        name = "shopping"
    return _with({}, list=name)


def list_clear(request: Request) -> Arguments | None:
    name = _list_name(request)
    if name is None and re.search(r"\bshopping\b", request.text, re.IGNORECASE):
        name = "shopping"
    return _needed(list=name)


def calculate(request: Request) -> Arguments | None:
    return _needed(expression=expression(request.text))


def unit_convert(request: Request) -> Arguments | None:
    asked = conversion(height(request.tokens))
    if asked is None:
        return None
    value = asked.value
    number: int | float = value.numerator if value.denominator == 1 else round(float(value), 9)
    return {"value": number, "from_unit": asked.from_unit, "to_unit": asked.to_unit}


_DATE_WORDS = frozenset("date day month year week today weekday today's todays season century".split())
_TIME_WORDS = frozenset("time late hour clock morning night noon midnight early afternoon evening dark".split())


def clock_now(request: Request) -> Arguments | None:
    parts = set(request.tokens.parts)
    date, time = bool(parts & _DATE_WORDS), bool(parts & _TIME_WORDS)
    asked = "both" if {"date", "day"} & parts and "time" in parts else "date" if date and not time else "time"
    return _with({}, place=_bare(request.said("place")), want=asked)


def date_lookup(request: Request) -> Arguments | None:
    said = request.said("when")
    # "tomorrow's date" asks for tomorrow; "new year's" is a name
    return _needed(
        when=re.sub(r"\b(tomorrow|yesterday|today|[a-z]+day)'?s$", r"\1", said, flags=re.IGNORECASE) if said else None
    )


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
}  # fmt: skip


def _with(arguments: Arguments, **optional: object) -> Arguments:
    return arguments | {name: value for name, value in optional.items() if value is not None}


def _needed(**values: object) -> Arguments | None:
    return None if None in values.values() else dict(values)


def _label(request: Request) -> str | None:
    return _bare(request.said("label"))


def _all(request: Request) -> bool:
    return bool(_ALL & set(request.tokens.parts))


def _bare(text: str | None) -> str | None:
    """Take articles and possessives off the front."""
    return None if text is None else re.sub(r"^(?:the|my|our|a|an)\s+", "", text, flags=re.IGNORECASE) or None


def _hints_time(tokens: Tokens) -> bool:
    """Tell whether something about time was said that no parser understood: guessing none would lose it."""
    words = set(tokens.parts)
    return any(is_digits(part) for part in tokens.parts) or bool(
        words
        & {"when", "until", "till", "month", "year", "later", "before", "after", "once", "soon", "whenever", "every"}
    )


def _list_name(request: Request) -> str | None:
    name = request.said("list")
    if name is None:
        if _TASKS.search(" ".join(request.outside("items").parts)):
            return "to-do"
        found = _LIST_WORDS.search(" ".join(p for p in request.outside("items").parts if p != "|"))
        last = found[1].split()[-1] if found else ""
        name = last if last and last not in _NOT_NAMES and not last.endswith("'s") else None
    if name is None:
        return None
    name = re.sub(r"\s+lists?$", "", _bare(name) or "", flags=re.IGNORECASE).lower()
    if re.fullmatch(r"to[ -]?do'?s?|things to do|tasks?", name):
        return "to-do"
    return {"groceries": "grocery", "things to buy": "shopping", "shoping": "shopping"}.get(name, name) or None


def _list_items(request: Request, name: str) -> Arguments | None:
    said = request.said("items")
    if said is None:
        return None
    pieces = re.split(r"\s*,\s*(?:and\s+)?|\s*;\s*", said)
    if name not in ("to-do", "chores", "errands", "work"):
        pieces = [part for piece in pieces for part in re.split(r"\s+(?:and|&|plus)\s+", piece)]
    items = [kept for piece in pieces if (kept := _ARTICLES.sub("", piece).strip(" .!?\"'"))]
    return {"list": name, "items": items} if items else None
