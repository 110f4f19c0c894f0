"""Times of day."""

from __future__ import annotations

from appliance.understanding.english.numbers import cardinal
from appliance.understanding.parsing.figures import is_digits
from appliance.understanding.parsing.scan import every
from appliance.understanding.said import Half, Said
from appliance.understanding.tokens import Found, Tokens

_NAMED = {"noon": (12, 0), "midday": (12, 0), "midnight": (0, 0)}
# what people mean by these is taste; a reminder says its time, so that it can be corrected
_PARTS = {
    "morning": 9, "lunchtime": 12, "lunch": 13, "afternoon": 15, "dinnertime": 18, "evening": 19, "tonight": 20,
    "night": 21, "bedtime": 22,
}  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_BEFORE = frozenset({"at", "by", "around", "@"})
_AFTER = frozenset({"", "|", "to", "tomorrow", "tonight", "today", "on", "that", "about", "please", ".", ",", "?", "!"})


def times(tokens: Tokens) -> list[Found[Said]]:
    """Return every time of day, left to right. Bare numbers come with `certain` false."""
    return every(tokens, lambda at: _relative(tokens, at) or _clock(tokens, at) or _part(tokens, at))


def _relative(tokens: Tokens, at: int) -> Found[Said] | None:
    """`half past seven`, `a quarter to 8`, `ten past`, `5 minutes to six`, British `half seven`."""
    start = at
    if tokens.at(at) in ("a",) and tokens.at(at + 1) in ("quarter", "half"):
        at += 1
    if tokens.at(at) in ("half", "quarter"):
        minutes, end = (30 if tokens.at(at) == "half" else 15), at + 1
    else:
        number = cardinal(tokens, at)
        if number is None or not 0 < number.value < 60 or number.value.denominator != 1:
            return None
        minutes, end = int(number.value), number.end
        if tokens.at(end) in ("minutes", "minute", "min", "mins"):
            end += 1
    word = tokens.at(end)
    if word in ("past", "after"):
        sign, end = 1, end + 1
    elif word in ("to", "till", "of", "before", "til"):
        sign, end = -1, end + 1
    elif minutes == 30 and tokens.at(at) == "half":
        sign = 1
    else:
        return None
    if tokens.at(end) in _NAMED:
        hour, half, end = _NAMED[tokens.at(end)][0], Half.FULL, end + 1
    else:
        number = cardinal(tokens, end)
        if number is None or not 1 <= number.value <= 12 or number.value.denominator != 1:
            return None
        hour, half, end = int(number.value), Half.UNSAID, number.end
        if tokens.at(end) in ("hours", "hour", "days", "weeks"):
            return None
        if tokens.at(end) in ("o'clock", "oclock"):
            end += 1
        half, end = _half(tokens, end, half)
    total = (hour % 12 if half is not Half.FULL else hour) * 60 + sign * minutes
    if half is Half.PM:
        total += 720
    total %= 1440 if half is not Half.UNSAID else 720
    hour = total // 60
    return Found(Said(hour or 12 if half is Half.UNSAID else hour, total % 60, half, True), start, end)


def _clock(tokens: Tokens, at: int) -> Found[Said] | None:
    part = tokens.at(at)
    if part == "12" and tokens.at(at + 1) in _NAMED:
        at, part = at + 1, tokens.at(at + 1)
    if part in _NAMED:
        return Found(Said(*_NAMED[part], Half.FULL, True), at, at + 1)
    if tokens.attached(at) and tokens.at(at - 1) in ("$", "#", "£", "€", "/", "-", "."):
        return None
    figures = part.split(".") if is_digits(part) else [part]
    minute: int | None = None
    bare = False
    if len(figures) == 2 and len(figures[1]) == 2 and figures[0].isdigit():
        hour, minute, end = int(figures[0]), int(figures[1]), at + 1
    elif part.isdigit() and len(part) in (3, 4) and tokens.at(at + 1) in ("am", "pm", "a", "p", "hours"):
        hour, minute, end = int(part[:-2]), int(part[-2:]), at + 1
    elif part.isdigit() and len(part) in (3, 4):  # "alarm 0645"
        hour, minute, end, bare = int(part[:-2]), int(part[-2:]), at + 1, True
    else:
        number = cardinal(tokens, at)
        if number is None or number.value.denominator != 1 or not 0 <= number.value <= 24 or "," in part:
            return None
        hour, end = int(number.value), number.end
    certain = minute is not None and not bare
    if minute is None:
        minute, end, certain = _minutes(tokens, end)
    if minute > 59 or hour > 24:
        return None
    if tokens.at(end) in ("o'clock", "oclock") or (tokens.at(end) == "o" and tokens.at(end + 1) == "clock"):
        end, certain = end + (1 if tokens.at(end) != "o" else 2), True
    half, end = _half(tokens, end, Half.UNSAID)
    certain = certain or half is not Half.UNSAID
    if half is Half.UNSAID and (hour > 12 or hour == 0 or (part.startswith("0") and certain)):
        half = Half.FULL
    if half in (Half.AM, Half.PM) and hour <= 12:
        hour = hour % 12 + (12 if half is Half.PM else 0)
    if tokens.at(end) in ("%", "percent", "degrees", "dollars", "st", "nd", "rd", "th", "/", "+", "*", "x", "times"):
        return None
    if not certain:
        # "for 5" is an hour only when nothing follows that could be counted: not "for 5 people"
        certain = tokens.at(at - 1) in _BEFORE or (tokens.at(at - 1) == "for" and tokens.at(end) in _AFTER)
    if tokens.at(end) == "sharp":
        end += 1
    return Found(Said(hour % 24, minute, half, certain), at, end)


def _minutes(tokens: Tokens, at: int) -> tuple[int, int, bool]:
    """Return (minute, end, whether one was said) after the hour: `:30`, `thirty`, `oh five`."""
    if tokens.at(at) == ":" and tokens.at(at + 1).isdigit() and len(tokens.at(at + 1)) == 2:
        end = at + 2
        if tokens.at(end) == ":" and tokens.at(end + 1).isdigit():
            end += 2
        return int(tokens.at(at + 1)), end, True
    if tokens.at(at) == "oh":
        low = cardinal(tokens, at + 1)
        if low and 0 < low.value < 10:
            return int(low.value), low.end, True
    follow = cardinal(tokens, at)
    spoken = tokens.at(at)
    if (
        follow
        and follow.value.denominator == 1
        and 10 <= follow.value < 60
        and (not is_digits(spoken) or len(spoken) == 2)
    ):
        after = tokens.at(follow.end)
        if not after.startswith(("min", "sec", "hour", "day", "percent", "%", "week")):
            return int(follow.value), follow.end, True
    return 0, at, False


def _half(tokens: Tokens, at: int, otherwise: Half) -> tuple[Half, int]:
    part, following = tokens.at(at), tokens.at(at + 1)
    if part in ("am", "pm"):
        return Half(part), at + 1
    if part in ("a", "p") and following in (".", "m"):
        end = at + 1
        while tokens.at(end) in (".", "m") and end - at < 4:
            end += 1
        return (Half.AM if part == "a" else Half.PM), end
    if part == "tonight":
        return Half.PM, at  # the day parser needs the word too
    if part == "in" and following == "the" and tokens.at(at + 2) in ("morning", "evening", "afternoon"):
        return (Half.AM if tokens.at(at + 2) == "morning" else Half.PM), at + 3
    if part == "at" and following == "night":
        return Half.PM, at + 2
    if part == "this" and following in ("evening", "afternoon", "morning"):
        return (Half.AM if following == "morning" else Half.PM), at
    return otherwise, at


def _part(tokens: Tokens, at: int) -> Found[Said] | None:
    """A part of the day stands for an hour when nothing more exact is said."""
    part = tokens.at(at)
    before = tokens.at(at - 1)
    if part in ("bed", "work", "lunch", "dinner", "breakfast"):
        if before not in ("before", "after", "at"):
            return None
        hours = {"bed": 22, "work": 18, "lunch": 13, "dinner": 20, "breakfast": 9}
        hour = (
            hours[part]
            if before != "before" or part == "bed"
            else {"work": 8, "lunch": 11, "dinner": 17, "breakfast": 7}[part]
        )
        return Found(Said(hour, 0, Half.FULL, True, vague=True), at - 1, at + 1)
    if part not in _PARTS or (
        part in ("lunch", "night") and before not in ("at", "tomorrow", "the", "every", "each", "last", *_DAYS)
    ):
        return None
    start = at
    while tokens.at(start - 1) in ("in", "the", "at", "this", "first", "thing"):
        start -= 1
    return Found(Said(_PARTS[part], 0, Half.FULL, True, vague=True), start, at + 1)
