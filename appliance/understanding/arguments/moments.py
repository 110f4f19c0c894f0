"""When something is to happen: times, days, lengths and repeats of one sentence put together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from appliance.understanding.languages import Language
from appliance.understanding.said import DAYS, Half, Said
from appliance.understanding.tokens import Found, Tokens

_DAY_S = 86400
_SOME_DAY = date.min
_FROM_NOW = frozenset({"in", "dans"})  # in front of a length: it begins now
_MORNING_HOUR = 9  # a day without a time of day


@dataclass(frozen=True, slots=True)
class Moment:
    """Either `when` (local) or `seconds` from now; `whole` tells that the tokens said nothing else."""

    when: datetime | None = None
    seconds: int | None = None
    repeat: str | None = None
    unknown_repeat: bool = False
    dated: bool = False
    clocked: bool = False
    whole: bool = False


def moment(tokens: Tokens, now: datetime, language: Language) -> Moment | None:
    """Return when a reminder is due; None when nothing about time was said."""
    again = language.repeats(tokens)
    if again and again.value is None:
        return Moment(unknown_repeat=True)
    rest = _without(tokens, again)
    day = _only(language.dates(rest, now.date()))
    compared = language.words.compared
    lengths = [one for one in language.durations(_without(rest, day)) if rest.at(one.start - 1) not in compared]
    if lengths and lengths[0].value % _DAY_S and not day and not again:
        return Moment(seconds=lengths[0].value, whole=_is_all(_without(rest, lengths[0]), language))
    clock = _best(language.times(_without(rest, day) if not _shared(rest, day, language) else rest))
    if not (again or day or clock):
        return _by_length(rest, lengths, language)
    left = _without(_without(rest, day), clock)
    when = _combined(now, day.value if day else None, clock.value if clock else None, again.value if again else None)
    return Moment(
        when, None, again.value if again else None, dated=bool(day), clocked=bool(clock), whole=_is_all(left, language)
    )


def _by_length(tokens: Tokens, lengths: list[Found[int]], language: Language) -> Moment | None:
    if not lengths:
        return None
    return Moment(seconds=lengths[0].value, whole=_is_all(_without(tokens, lengths[0]), language))


def alarm_time(tokens: Tokens, now: datetime, language: Language) -> Moment | None:
    """Return when an alarm rings: a time of day, or a while from now. Any lone number may be the hour."""
    again = language.repeats(tokens)
    if again and again.value is None:
        return None
    rest = _without(tokens, again)
    day = _only(language.dates(rest, now.date()))
    exact = [one for one in language.times(rest) if one.value.certain and not one.value.vague]
    lengths = [
        one
        for one in language.durations(_without(rest, day))
        # "five minutes to six" and "ten more minutes, wake me at seven" tell a time of day
        if not exact or rest.at(one.start - 1) in _FROM_NOW
    ]
    if lengths and lengths[0].value < _DAY_S:
        due = now + timedelta(seconds=lengths[0].value)
        return Moment(due, dated=due.date() != now.date(), repeat=again.value if again else None)
    found = language.times(_without(rest, day) if not _shared(rest, day, language) else rest)
    exact = [one for one in found if not one.value.vague]
    clock = _best(exact, bare=True)
    if clock is None:
        return None
    said = clock.value
    if said.half is Half.UNSAID:
        waking = not language.words.waking.isdisjoint(tokens.parts)
        said = _alarm_half(said, [one.value for one in found if one.value.vague], waking)
    when = _combined(now, day.value if day else None, said, again.value if again else None)
    return Moment(when, None, again.value if again else None, dated=bool(day))


def _alarm_half(said: Said, parts: list[Said], waking: bool) -> Said:
    """Decide between morning and afternoon as most people mean it for an alarm."""
    hour = said.hour % 12
    late = any(part.hour >= 12 for part in parts)
    early = any(part.hour <= 9 for part in parts)
    if late or (not early and not waking and 1 <= hour <= 4) or (hour == 0 and not early and not waking):
        return replace(said, hour=hour + 12, half=Half.PM)
    return replace(said, hour=hour, half=Half.AM)


def _combined(now: datetime, day: date | None, said: Said | None, repeat: str | None) -> datetime:
    if said is None:
        hour, minute = _MORNING_HOUR, 0
    elif said.half is Half.UNSAID:
        # something that comes back is not bound to the hours that are left of today
        hour, minute = _spoken_hour(said, now, day or (_SOME_DAY if repeat else None)), said.minute
    else:
        hour, minute = said.hour, said.minute
    start = now.date() if day is None else day
    when = datetime(start.year, start.month, start.day, hour, minute, tzinfo=now.tzinfo)
    if day is None:
        for ahead in range(9):
            candidate = when + timedelta(days=ahead)
            if candidate > now and (repeat is None or _falls(candidate, repeat)):
                return candidate
    elif (said is not None and when <= now and day == now.date() and said.vague) or (
        said is None and when <= now and day == now.date()
    ):
        return now.replace(second=0, microsecond=0) + timedelta(hours=1)
    return when


def _spoken_hour(said: Said, now: datetime, day: date | None) -> int:
    """Decide what "at five" means: today the next one that people are awake for, else 7 to 18 o'clock."""
    early = said.hour % 12
    if day is None or day == now.date():
        passed = (now.hour, now.minute)
        for hour in (early, early + 12):
            if hour >= 7 and (hour, said.minute) > passed:
                return hour
    return early if 7 <= early <= 11 else early + 12


def _falls(when: datetime, repeat: str) -> bool:
    chosen = {"daily": DAYS, "weekdays": DAYS[:5], "weekends": DAYS[5:]}.get(repeat, tuple(repeat.split(",")))
    return DAYS[when.weekday()] in chosen


def _best(found: list[Found[Said]], bare: bool = False) -> Found[Said] | None:
    exact = [one for one in found if one.value.certain and not one.value.vague]
    vague = [one for one in found if one.value.vague]
    loose = [one for one in found if not one.value.certain] if bare else []
    if exact and vague and exact[0].value.half is Half.UNSAID:
        # "at eight ... in the evening" with words between
        said, late = exact[0].value, vague[0].value.hour >= 12
        hour = said.hour % 12 + (12 if late else 0)
        return Found(replace(said, hour=hour, half=Half.PM if late else Half.AM), exact[0].start, exact[0].end)
    chosen = exact or loose or vague
    return chosen[0] if chosen else None


def _only(found: list[Found[date]]) -> Found[date] | None:
    return found[0] if found else None


def _shared(tokens: Tokens, day: Found[date] | None, language: Language) -> bool:
    """`tonight` and `this evening` are a day and a part of it at once."""
    return day is not None and not language.words.shared_parts.isdisjoint(tokens.parts[day.start : day.end])


def _without(tokens: Tokens, found: Found[date] | Found[Said] | Found[int] | Found[str | None] | None) -> Tokens:
    if found is None:
        return tokens
    parts = [*tokens.parts[: found.start], *["|"] * (found.end - found.start), *tokens.parts[found.end :]]
    return Tokens(tuple(parts), tokens.origin)


def _is_all(tokens: Tokens, language: Language) -> bool:
    return all(part in language.words.fill for part in tokens.parts)
