"""How each kind of call is changed by one new value. A function returns the new arguments, None if the value says
nothing to this tool.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from appliance.understanding.arguments import BUILDERS
from appliance.understanding.dialogue.phrases import Phrases
from appliance.understanding.languages import Language
from appliance.understanding.request import Request
from appliance.understanding.tokens import Tokens

Arguments = Mapping[str, Any]
_HOUR_S, _MINUTE_S = 3600, 60
_MAX_ITEM_WORDS = 5
_MAX_NAME_WORDS = 4


@dataclass(frozen=True, slots=True)
class Variation:
    """A new value (`text`, lower case) for the last call; `added`: in addition to it, not in its place."""

    text: str
    last: Arguments
    added: bool
    language: Language
    phrases: Phrases
    now_ms: int
    zone: ZoneInfo

    def built(self, tool: str, sentence: str, **spans: str) -> Arguments | None:
        """Return what the builder of a tool makes of a sentence."""
        request = Request.of(self.language, sentence.split(), spans, self.now_ms, self.zone)
        return BUILDERS[tool](request)

    def tokens(self, text: str | None = None) -> Tokens:
        return self.language.tokens((self.text if text is None else text).split())

    def number(self) -> float | None:
        """Return the value if it is a number and nothing else."""
        tokens = self.tokens()
        found = self.language.amount(tokens, 0) if len(tokens) else None
        return float(found.value) if found is not None and found.end == len(tokens) else None

    def name(self) -> str | None:
        """Return the value if it can be the name of something."""
        chatter = not self.phrases.chatter.isdisjoint(re.findall(r"[\w'-]+", self.text))
        if not self.text or chatter or len(self.text.split()) > _MAX_NAME_WORDS:
            return None
        return self.language.words.bare.sub("", self.text) or None


def _timer_set(asked: Variation) -> Arguments | None:
    """ "ten", "ten minutes", "for the eggs", "ten minutes for the eggs" """
    if asked.added and not asked.text:
        return {"duration_s": asked.last["duration_s"]}
    found = asked.language.durations(asked.tokens())
    label = _label(asked, found[0].end if found else 0)
    if found:
        seconds = found[0].value
    elif (number := asked.number()) is not None:
        seconds = round(number * _unit_of(int(asked.last["duration_s"])))
    elif label:
        seconds = asked.last["duration_s"]
    else:
        return None
    kept = {} if asked.added or label else {k: v for k, v in asked.last.items() if k == "label"}
    new = {"duration_s": seconds} | kept | ({"label": label} if label else {})
    return new if 0 < seconds <= 7 * 86_400 else None


def _unit_of(seconds: int) -> int:
    """Return the unit in which a length was most likely said."""
    return next(unit for unit in (_HOUR_S, _MINUTE_S, 1) if seconds % unit == 0)


def _label(asked: Variation, start: int) -> str | None:
    """Return what a timer or an alarm is for, said from token `start` on."""
    tokens = asked.tokens()
    words = asked.text.split()
    rest = " ".join(words[tokens.origin[start] :]) if start < len(tokens) else ""
    match = asked.phrases.label.match(rest)
    return match["x"].strip() if match and len(match["x"].split()) <= _MAX_NAME_WORDS else None


def _alarm_set(asked: Variation) -> Arguments | None:
    """ "seven", "half past six", "on saturday" """
    if not asked.text:
        return None
    bare = asked.number() is not None
    found = asked.built("alarm_set", f"{asked.phrases.at} {asked.text}" if bare else asked.text)
    label = {k: v for k, v in asked.last.items() if k == "label"}
    if found is not None:
        day = {k: v for k, v in asked.last.items() if k in ("date", "repeat")}
        return {**label, **({} if {"date", "repeat"} & found.keys() else day), **found}
    # a day alone: the time stays
    found = asked.built("alarm_set", f"{asked.text} {asked.phrases.at} {asked.last['time']}")
    return {**label, **found} if found is not None and {"date", "repeat"} & found.keys() else None


def _reminder_set(asked: Variation) -> Arguments | None:
    """ "at six", "tomorrow", and in place of the text: "call bob" """
    text = str(asked.last.get("text", ""))
    if not asked.text or not text:
        return None
    value = f"{asked.phrases.at} {asked.text}" if asked.number() is not None else asked.text
    found = asked.built("reminder_set", f"{value} {text.lower()}", text=text.lower())
    if found is not None and {"at", "in_s", "repeat"} & found.keys():
        return {**found, "text": text}
    return None


def _items(asked: Variation) -> Arguments | None:
    chatter = not asked.phrases.chatter.isdisjoint(re.findall(r"[\w'-]+", asked.text))
    if not asked.text or chatter or len(asked.text.split()) > _MAX_ITEM_WORDS:
        return None
    if asked.language.durations(asked.tokens()):
        return None
    found = asked.built("list_add", asked.text, items=asked.text, list=str(asked.last["list"]))
    return {"list": asked.last["list"], "items": found["items"]} if found else None


def _clock_now(asked: Variation) -> Arguments | None:
    place = re.sub(r"^(?:in|at|en|à|au|aux) (?:der |die |den )?", "", asked.text)
    words = asked.language.words
    day = asked.built("alarm_set", f"{asked.text} {asked.phrases.at} 7:00")
    if not place or asked.name() is None or (day is not None and day.keys() & {"date", "repeat"}):
        return None  # "and tomorrow?" is no place
    return dict(asked.last) | {"place": words.place(words.bare.sub("", place))}


def _date_lookup(asked: Variation) -> Arguments | None:
    name = asked.name()
    return None if name is None else {"when": name}


def _unit_convert(asked: Variation) -> Arguments | None:
    """ "in miles", "20" """
    if (number := asked.number()) is not None:
        return dict(asked.last) | {"value": int(number) if number == int(number) else number}
    unit = re.sub(r"^(?:in|to|into|nach|en) ", "", asked.text)
    found = asked.language.conversion(
        asked.tokens(f"{asked.last['value']} {asked.last['from_unit']} {asked.phrases.into} {unit}")
    )
    return None if found is None else dict(asked.last) | {"to_unit": found.to_unit}


def _calculate(asked: Variation) -> Arguments | None:
    """ "times two", "plus five": goes on with the last sum"""
    if asked.language.expression(asked.text) is not None:
        return None  # a sum of its own
    expression = asked.language.expression(f"1 {asked.text}")
    if expression is None or not expression.startswith("1") or not re.match(r"1[-+*/]", expression):
        return None
    return {"expression": f"({asked.last['expression']}){expression[1:]}"}


def _level(key: str) -> Callable[[Variation], Arguments | None]:
    """Return the variant of a tool with a percentage: "thirty", "fifty percent" """

    def level(asked: Variation) -> Arguments | None:
        number = asked.number()
        if number is None:
            tokens = asked.tokens()
            found = asked.language.amount(tokens, 0) if len(tokens) else None
            percent = found is not None and tokens.at(found.end) in ("%", "percent", "prozent", "pourcent", "pour")
            number = float(found.value) if found is not None and percent else None
        if number is None or not 0 <= number <= 100:
            return None
        return {key: round(number)} | {k: v for k, v in asked.last.items() if k == "place"}

    return level


def _scene_set(asked: Variation) -> Arguments | None:
    name = asked.name()
    return None if name is None or asked.added else {"scene": name}


VARIANTS: dict[str, Callable[[Variation], Arguments | None]] = {
    "timer_set": _timer_set,
    "alarm_set": _alarm_set,
    "reminder_set": _reminder_set,
    "list_add": _items,
    "list_remove": _items,
    "clock_now": _clock_now,
    "date_lookup": _date_lookup,
    "unit_convert": _unit_convert,
    "calculate": _calculate,
    "volume_set": _level("level"),
    "light_set": _level("brightness"),
    "scene_set": _scene_set,
}
