"""The tools `clock_now` and `date_lookup`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from appliance.tools import wording
from appliance.tools.arguments import Arguments
from appliance.tools.base import Tool, ToolContext, ToolOutput, ToolRefusedError, function_tool, pure
from appliance.tools.builtin.calendar import find_day
from appliance.tools.builtin.places import find_zone


class ClockNow(Arguments, frozen=True):
    place: Annotated[str, Meta(max_length=100, description="city or country; without it here")] | None = None
    want: Literal["time", "date", "both"] | None = None


class DateLookup(Arguments, frozen=True):
    when: Annotated[
        str, Meta(min_length=1, max_length=200, description="a day, such as 2026-12-24, next friday, christmas")
    ]


def clock_now(arguments: ClockNow, context: ToolContext) -> ToolOutput:
    """Say the time or the date, here or elsewhere."""
    zone, place, words = context.zone, "", context.speech
    if arguments.place and arguments.place.strip().lower() not in ("here", "local", "home"):
        found = find_zone(arguments.place)
        if found is None:
            raise ToolRefusedError(words.say("place.unknown", place=wording.quoted(arguments.place.strip())))
        place, zone = found
    now, here = wording.local(context.now_ms, zone), wording.local(context.now_ms, context.zone)
    data = {"iso": now.isoformat(timespec="seconds"), "zone": zone.key}
    want = arguments.want or "time"
    other_day = ".day" if want == "time" and place and now.date() != here.date() else ""
    said = words.say(
        f"{want}.{'there' if place else 'here'}{other_day}",
        time=wording.clock(now),
        day=words.long_day(now.date()),
        place=place,
        weekday=words.weekdays[now.weekday()],
    )
    return ToolOutput(said, data)


def date_lookup(arguments: DateLookup, context: ToolContext) -> ToolOutput:
    """Say which day is meant, its weekday and how far it is."""
    words, today = context.speech, wording.local(context.now_ms, context.zone).date()
    found = find_day(arguments.when, today)
    if found is None:
        raise ToolRefusedError(words.say("day.unknown", when=wording.quoted(arguments.when)))
    day, name = found[0], words.name(found[1])
    days = wording.days_between(today, day)
    data = {"date": day.isoformat(), "weekday": wording.WEEKDAYS[day.weekday()], "daysFromToday": days}
    tense = "today" if days == 0 else "will" if days > 0 else "was"
    distance = words.say("days.ahead" if days > 0 else "days.ago", number=abs(days))
    if abs(days) == 1:
        distance = words.near[days + 1]
    key = f"day.{tense}{'.named' if name else ''}"
    return ToolOutput(words.say(key, name=name, day=words.long_day(day), distance=distance), data)


def clock_tools() -> tuple[Tool, ...]:
    """Return the tools."""
    return (
        function_tool("clock_now", "Tell the time or date, here or in a place.", ClockNow, pure(clock_now)),
        function_tool("date_lookup", "Tell which day something is and how far off.", DateLookup, pure(date_lookup)),
    )
