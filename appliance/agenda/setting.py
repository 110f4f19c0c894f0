"""What a wish for a timer, an alarm or a reminder means in time. Pure: arguments and context in, one row out."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Final

from appliance.agenda.model import Due, Kind
from appliance.agenda.recurrence import moment_ms, next_ms, next_time_ms, parse_repeat, parse_time, repeat_words
from appliance.tools import wording
from appliance.tools.base import ToolContext, ToolRefusedError

MAX_DURATION_S: Final = 365 * 86_400
_MAX_AHEAD_MS: Final = 10 * 366 * 86_400_000
_LOCAL = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{1,2}:\d{2})(?::\d{2}(?:\.\d+)?)?")


def timer(row_id: str, duration_s: int, label: str, context: ToolContext) -> Due:
    """Return a timer of `duration_s` seconds from now. Raises ToolRefusedError out of bounds."""
    _check_duration(duration_s, "A timer")
    due_ms = context.now_ms + duration_s * 1000
    return _due(row_id, Kind.TIMER, due_ms, context, text=label, duration_s=duration_s)


def alarm(row_id: str, at: str, day: str | None, repeat: str | None, label: str, context: ToolContext) -> Due:
    """Return an alarm at a time of day. Raises ToolRefusedError for what is no time or has passed."""
    due_ms, clock, every = _when(at, day, repeat, context)
    return _due(row_id, Kind.ALARM, due_ms, context, text=label, clock=clock, repeat=every)


def reminder(row_id: str, text: str, at: str | None, in_s: int | None, repeat: str | None, context: ToolContext) -> Due:
    """Return a reminder at a local moment or after a length of time. Raises ToolRefusedError."""
    if (at is None) == (in_s is None):
        raise ToolRefusedError("A reminder needs either a time or a length of time. When shall I remind you?")
    if in_s is not None:
        _check_duration(in_s, "A reminder")
        if _repeat(repeat):
            raise ToolRefusedError("A reminder that repeats needs a time of day. At what time?")
        return _due(row_id, Kind.REMINDER, context.now_ms + in_s * 1000, context, text=text, duration_s=in_s)
    day, clock_text = _split(at or "")
    due_ms, clock, every = _when(clock_text, day, repeat, context)
    return _due(row_id, Kind.REMINDER, due_ms, context, text=text, clock=clock, repeat=every)


def confirmation(due: Due, now_ms: int) -> str:
    """Say what was set: `Timer set for 10 minutes, until 14:35.`"""
    zone = due.time_zone()
    at = wording.moment(wording.local(due.due_ms, zone), wording.local(now_ms, zone))
    when = at if " at " in at else f"at {at}"
    if due.kind is Kind.TIMER:
        name = f"Timer “{due.text}”" if due.text else "Timer"
        return f"{name} set for {wording.exact_duration(due.duration_s or 0)}, until {at}."
    if due.repeat:
        first = at.split(" at ")[0] if " at " in at else "today"
        when = f"at {due.local_time} {repeat_words(due.repeat)}, first {first}"
    if due.kind is Kind.ALARM:
        return f"Alarm set for {when.removeprefix('at ')}{f': {due.text}' if due.text else ''}."
    return f"I will remind you {when}: {wording.quoted(due.text, 200)}"


def _due(
    row_id: str,
    kind: Kind,
    due_ms: int,
    context: ToolContext,
    *,
    text: str,
    duration_s: int | None = None,
    clock: time | None = None,
    repeat: str | None = None,
) -> Due:
    if context.zone.key is None:
        raise ValueError("the time zone of the owner must have a name")
    local_time = clock or wording.local(due_ms, context.zone).time()
    return Due(
        id=row_id,
        kind=kind,
        session_key=context.session_key,
        agent_id=context.agent_id,
        due_ms=due_ms,
        zone=context.zone.key,
        local_time=f"{local_time:%H:%M}",
        repeat=repeat,
        text=" ".join(text.split()),
        duration_s=duration_s,
        relative=duration_s is not None,
        created_ms=context.now_ms,
    )


def _when(at: str, day: str | None, repeat: str | None, context: ToolContext) -> tuple[int, time, str | None]:
    """Return moment, time of day and repeat of a wish in local time."""
    clock, every = _clock(at), _repeat(repeat)
    if day is None:
        due_ms = next_ms(every, clock, context.zone, context.now_ms) if every else _next(clock, context)
        return due_ms, clock, every
    due_ms = moment_ms(_date(day), clock, context.zone)
    if every:
        # The day is where the repeat begins; its first time is the first matching day from there, and not in the past.
        due_ms = next_ms(every, clock, context.zone, max(due_ms - 1, context.now_ms))
    if due_ms <= context.now_ms:
        at_words = wording.moment(wording.local(due_ms, context.zone), wording.local(context.now_ms, context.zone))
        raise ToolRefusedError(f"That moment ({at_words}) has passed already. Name one that is still to come.")
    if due_ms - context.now_ms > _MAX_AHEAD_MS:
        raise ToolRefusedError("That is more than ten years ahead, which is further than this box plans.")
    return due_ms, clock, every


def _next(clock: time, context: ToolContext) -> int:
    return next_time_ms(clock, context.zone, context.now_ms)


def _clock(text: str) -> time:
    try:
        return parse_time(text)
    except ValueError as error:
        raise ToolRefusedError(str(error)) from error


def _repeat(text: str | None) -> str | None:
    try:
        return parse_repeat(text)
    except ValueError as error:
        raise ToolRefusedError(str(error)) from error


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise ToolRefusedError(f"“{text[:40]}” is not a date. Write it as 2026-12-24.") from error


def _split(at: str) -> tuple[str | None, str]:
    """Split `2026-12-24T18:00` into day and time; a bare time of day has no day."""
    match = _LOCAL.fullmatch(at.strip())
    if match:
        return match.group(1), match.group(2)
    try:
        parse_time(at)
    except ValueError:
        raise ToolRefusedError(
            f"“{at[:40]}” is not a moment. Write it as {datetime(2026, 12, 24, 18):%Y-%m-%dT%H:%M}."
        ) from None
    return None, at


def _check_duration(seconds: int, what: str) -> None:
    if seconds < 1:
        raise ToolRefusedError(f"{what} needs at least one second.")
    if seconds > MAX_DURATION_S:
        raise ToolRefusedError(f"{what} is at most one year ahead ({MAX_DURATION_S // 86_400} days).")
