"""What a wish for a timer, an alarm or a reminder means in time. Pure: arguments and context in, one row out."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Final

from appliance.agenda.model import Due, Kind
from appliance.agenda.recurrence import moment_ms, next_ms, next_time_ms, parse_repeat, parse_time, repeat_words
from appliance.tools import wording
from appliance.tools.base import ToolContext, ToolRefusedError
from appliance.tools.speech import Speech

MAX_DURATION_S: Final = 365 * 86_400
_MAX_AHEAD_MS: Final = 10 * 366 * 86_400_000
_LOCAL = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{1,2}:\d{2})(?::\d{2}(?:\.\d+)?)?")


def timer(row_id: str, duration_s: int, label: str, context: ToolContext) -> Due:
    """Return a timer of `duration_s` seconds from now. Raises ToolRefusedError out of bounds."""
    _check_duration(duration_s, Kind.TIMER, context.speech)
    due_ms = context.now_ms + duration_s * 1000
    return _due(row_id, Kind.TIMER, due_ms, context, text=label, duration_s=duration_s)


def alarm(row_id: str, at: str, day: str | None, repeat: str | None, label: str, context: ToolContext) -> Due:
    """Return an alarm at a time of day. Raises ToolRefusedError for what is no time or has passed."""
    due_ms, clock, every = _when(at, day, repeat, context)
    return _due(row_id, Kind.ALARM, due_ms, context, text=label, clock=clock, repeat=every)


def reminder(row_id: str, text: str, at: str | None, in_s: int | None, repeat: str | None, context: ToolContext) -> Due:
    """Return a reminder at a local moment or after a length of time. Raises ToolRefusedError."""
    if (at is None) == (in_s is None):
        raise ToolRefusedError(context.speech.say("reminder.when"))
    if in_s is not None:
        _check_duration(in_s, Kind.REMINDER, context.speech)
        if _repeat(repeat):
            raise ToolRefusedError(context.speech.say("repeat.time"))
        return _due(row_id, Kind.REMINDER, context.now_ms + in_s * 1000, context, text=text, duration_s=in_s)
    day, clock_text = _split(at or "")
    due_ms, clock, every = _when(clock_text, day, repeat, context)
    return _due(row_id, Kind.REMINDER, due_ms, context, text=text, clock=clock, repeat=every)


def confirmation(due: Due, now_ms: int, words: Speech) -> str:
    """Say what was set: `Timer set for 10 minutes, until 14:35.`"""
    zone = due.time_zone()
    at = words.moment(due.due_ms, now_ms, zone)
    named = ".named" if due.text else ""
    if due.kind is Kind.TIMER:
        return words.say(f"timer.set{named}", name=due.text, length=words.exact_duration(due.duration_s or 0), at=at)
    alarm = due.kind is Kind.ALARM
    when = at if alarm else words.moment_phrase(due.due_ms, now_ms, zone)
    if due.repeat:
        first = words.day(wording.local(due.due_ms, zone).date(), wording.local(now_ms, zone).date())
        time = due.local_time if alarm else words.say("at", time=due.local_time)
        when = words.say("repeating", time=time, repeat=repeat_words(due.repeat, words), first=first)
    if alarm:
        return words.say(f"alarm.set{named}", when=when, name=due.text)
    return words.say("reminder.set", when=when, text=wording.quoted(due.text, 200))


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
        locale=context.speech.tag,
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
        at_words = context.speech.moment(due_ms, context.now_ms, context.zone)
        raise ToolRefusedError(context.speech.say("passed", at=at_words))
    if due_ms - context.now_ms > _MAX_AHEAD_MS:
        raise ToolRefusedError(context.speech.say("too.far"))
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


def _check_duration(seconds: int, kind: Kind, words: Speech) -> None:
    if seconds < 1:
        raise ToolRefusedError(words.say(f"{kind}.second"))
    if seconds > MAX_DURATION_S:
        raise ToolRefusedError(words.say(f"{kind}.year", days=MAX_DURATION_S // 86_400))
