"""One language: its words, and the sentences made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from fractions import Fraction
from typing import Any

from appliance.tools import wording

_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True, slots=True)
class Speech:
    """`messages` are `str.format` texts by key; `nouns` are pairs of one and many by their English word."""

    tag: str
    messages: Mapping[str, str]
    nouns: Mapping[str, tuple[str, str]]
    weekdays: Sequence[str]
    months: Sequence[str]
    near: tuple[str, str, str]  # yesterday, today, tomorrow
    dated: str  # weekday, day, month
    dated_year: str  # the same with the year
    long: str  # a day in full
    at: str  # a day and a time of day
    both: Mapping[str, str]  # "and", "or"
    decimal: str = "."
    group: str = ","
    units: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # other names of units of measurement
    names: Mapping[str, str] = field(default_factory=dict)  # other names of holidays and the like
    zero_is_many: bool = True  # and so is what lies between zero and two
    semicolon: str = "; "  # between names that hold commas themselves
    list_is_noun: bool = False  # the name of a list is written with a capital

    def say(self, key: str, **facts: Any) -> str:
        """Return a message with its facts; `list` is the name of a list."""
        if "list" in facts:
            facts["list"] = self.list_title(facts["list"])
        return self.messages[key].format(**facts)

    def list_title(self, name: str) -> str:
        """Return the name of a list as it is written in this language."""
        return name[:1].upper() + name[1:] if self.list_is_noun else name

    def noun(self, noun: str, number: int = 1) -> str:
        one, many = self.nouns[noun]
        return many if self.is_many(number) else one

    def is_many(self, number: float | Fraction) -> bool:
        """Tell whether a number takes the plural: in French from two on, elsewhere everything but one."""
        return number not in (1, -1) if self.zero_is_many else not -2 < number < 2

    def count(self, number: int, noun: str) -> str:
        """Say a number with its noun: `1 timer`, `2 timers`."""
        return f"{number} {self.noun(noun, number)}"

    def duration(self, seconds: float) -> str:
        """Say a length of time with its two largest units: `1 hour 5 minutes`."""
        return self._length(max(0, round(seconds)), 2)

    def exact_duration(self, seconds: int) -> str:
        """Say a length of time with all its units, as it was asked for: `1 hour 30 minutes 15 seconds`."""
        return self._length(seconds, len(_UNITS))

    def _length(self, seconds: int, most: int) -> str:
        parts, rest = list[str](), seconds
        for noun, size in _UNITS:
            number, rest = divmod(rest, size)
            if number:
                parts.append(self.count(number, noun))
        return " ".join(parts[:most]) or self.count(0, "second")

    def day(self, day: date, today: date) -> str:
        """Say a day as seen from `today`: today, tomorrow, Friday (within a week), the date with what is needed."""
        distance = (day - today).days
        if distance in (-1, 0, 1):
            return self.near[distance + 1]
        if 1 < distance < 7:
            return self.weekdays[day.weekday()]
        return self._dated(self.dated if day.year == today.year else self.dated_year, day)

    def long_day(self, day: date) -> str:
        """Say a day in full: `Friday, 25 December 2026`."""
        return self._dated(self.long, day)

    def _dated(self, form: str, day: date) -> str:
        return form.format(
            weekday=self.weekdays[day.weekday()],
            day="1er" if self.tag == "fr" and day.day == 1 else day.day,
            month=self.months[day.month - 1],
            year=day.year,
        )

    def moment(self, due_ms: int, now_ms: int, zone: tzinfo) -> str:
        """Say a moment: `14:35`, `tomorrow at 07:00`, `Friday at 07:00`."""
        at, now = wording.local(due_ms, zone), wording.local(now_ms, zone)
        return wording.clock(at) if at.date() == now.date() else self.day_and_time(at, now)

    def day_and_time(self, at: datetime, now: datetime) -> str:
        """Say a moment with its day, today too: `today at 14:35`."""
        return self.at.format(day=self.day(at.date(), now.date()), time=wording.clock(at))

    def moment_phrase(self, due_ms: int, now_ms: int, zone: tzinfo) -> str:
        """Say a moment as part of a sentence: `at 14:35`, `tomorrow at 07:00`."""
        said = self.moment(due_ms, now_ms, zone)
        same_day = wording.local(due_ms, zone).date() == wording.local(now_ms, zone).date()
        return self.say("at", time=said) if same_day else said

    def joined(self, words: Sequence[str], last: str = "and") -> str:
        """Say a list: `milk, eggs and bread`."""
        if len(words) < 2:
            return "".join(words)
        return f"{', '.join(words[:-1])} {self.both[last]} {words[-1]}"

    def number(self, english: str) -> str:
        """Write a number that is written the English way: `1,234.5`."""
        return english.translate({ord(","): self.group, ord("."): self.decimal})

    def unit(self, one: str, many: str, *, plural: bool) -> str:
        """Return the name of a unit of measurement by its English names, which stand in where there is no other."""
        one, many = self.units.get(one, (one, many))
        return many if plural else one

    def name(self, english: str) -> str:
        """Return the name of a holiday or the like in this language."""
        return self.names.get(english, english)
