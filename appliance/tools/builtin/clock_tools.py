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
    zone, where = context.zone, ""
    if arguments.place and arguments.place.strip().lower() not in ("here", "local", "home"):
        found = find_zone(arguments.place)
        if found is None:
            name = wording.quoted(arguments.place.strip())
            raise ToolRefusedError(f"I do not know the time zone of {name}. Name a large city near it.")
        where, zone = f" in {found[0]}", found[1]
    now, here = wording.local(context.now_ms, zone), wording.local(context.now_ms, context.zone)
    data = {"iso": now.isoformat(timespec="seconds"), "zone": zone.key}
    day = wording.long_day(now.date())
    match arguments.want or "time":
        case "date":
            return ToolOutput(f"{'It' if where else 'Today'} is {day}{where}.", data)
        case "both":
            return ToolOutput(f"It is {wording.clock(now)} on {day}{where}.", data)
    other = "" if now.date() == here.date() else f", {wording.WEEKDAYS[now.weekday()]}"
    return ToolOutput(f"It is {wording.clock(now)}{where}{other}.", data)


def date_lookup(arguments: DateLookup, context: ToolContext) -> ToolOutput:
    """Say which day is meant, its weekday and how far it is."""
    today = wording.local(context.now_ms, context.zone).date()
    found = find_day(arguments.when, today)
    if found is None:
        raise ToolRefusedError(f"I do not know which day “{wording.quoted(arguments.when)}” is.")
    day, name = found
    days = wording.days_between(today, day)
    data = {"date": day.isoformat(), "weekday": wording.WEEKDAYS[day.weekday()], "daysFromToday": days}
    if days == 0:
        return ToolOutput(f"{f'{name} is today' if name else 'That is today'}, {wording.long_day(day)}.", data)
    distance = {1: "tomorrow", -1: "yesterday"}.get(days, f"in {days} days" if days > 0 else f"{-days} days ago")
    verb = "is" if days > 0 else "was"
    subject = f"{name} {verb} on" if name else f"That {verb}"
    return ToolOutput(f"{subject} {wording.long_day(day)}, {distance}.", data)


def clock_tools() -> tuple[Tool, ...]:
    """Return the tools."""
    return (
        function_tool("clock_now", "Tell the time or date, here or in a place.", ClockNow, pure(clock_now)),
        function_tool("date_lookup", "Tell which day something is and how far off.", DateLookup, pure(date_lookup)),
    )
