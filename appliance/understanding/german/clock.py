"""Times of day: `halb neun`, `viertel vor acht`, `dreiviertel sieben`, `fünf vor halb acht`, `17 uhr 30`."""

from __future__ import annotations

from fractions import Fraction

from appliance.understanding.german.numbers import cardinal, is_digits
from appliance.understanding.german.tokens import Found, Tokens
from appliance.understanding.parsing.scan import every
from appliance.understanding.said import Half, Said

_NAMED = {"mitternacht": 0, "mittag": 12}
# what people mean by these is taste; a reminder says its time, so that it can be corrected
_PARTS = {
    "morgen": 9, "morgens": 9, "frueh": 9, "fruehs": 9, "vormittag": 10, "vormittags": 10, "mittag": 12,
    "mittags": 12,
    "nachmittag": 15, "nachmittags": 15, "abend": 19, "abends": 19, "nacht": 21, "nachts": 21,
}  # fmt: skip
_AFTER_WHAT = {"arbeit": 18, "feierabend": 18, "mittagessen": 13, "abendessen": 20, "fruehstueck": 9, "essen": 13}
_BEFORE_WHAT = {
    "arbeit": 8, "mittagessen": 11, "abendessen": 17, "fruehstueck": 7, "schlafengehen": 22, "schlafen": 22,
    "bett": 22,
    "zubettgehen": 22,
}  # fmt: skip
_DAYS = frozenset("montag dienstag mittwoch donnerstag freitag samstag sonntag".split())
_SURE = frozenset({"um", "gegen", "@"})
_LOOSE = frozenset({"auf", "fuer", "fuers", "ab", "bis", "vor", "nach"})
_ENDS = frozenset({"", "|", ".", ",", "?", "!", "bitte", "daran", "dran", "dass", "rum", "morgen", "heute", "am", "an"})
_NO_HOUR = frozenset(
    "% prozent grad euro franken dollar minuten minute min stunden stunde std sekunden sekunde sek tage tagen "
    "tag wochen "
    "woche monate monaten jahre jahren mal st / + * x h kilo kg gramm liter personen leute stueck € $ ° plus "
    "minus".split()
)


def times(tokens: Tokens) -> list[Found[Said]]:
    """Return every time of day, left to right. Bare numbers come with `certain` false."""
    return every(tokens, lambda at: _relative(tokens, at) or _clock(tokens, at) or _part(tokens, at))


def _hour(tokens: Tokens, at: int) -> tuple[int, int] | None:
    """Return (hour, end) of the hour that begins at `at`, `uhr` included."""
    if tokens.at(at) in _NAMED:
        return _NAMED[tokens.at(at)], at + 1
    number = cardinal(tokens, at, one=tokens.at(at + 1) == "uhr" or tokens.at(at) == "ein")
    if number is None or number.value.denominator != 1 or not 0 <= number.value <= 24:
        return None
    if tokens.at(number.end) in _NO_HOUR:
        return None
    return int(number.value) % 24, number.end + (1 if tokens.at(number.end) == "uhr" else 0)


def _relative(tokens: Tokens, at: int) -> Found[Said] | None:
    """Read `halb acht`, `viertel vor 8`, `viertel acht`, `dreiviertel acht`, `zehn nach drei`, `fünf vor halb "
    "acht`."""
    part, end, minutes = tokens.at(at), at + 1, 0
    if part == "halb":
        minutes = -30
    elif part == "dreiviertel" or (part in ("drei", "3") and tokens.at(at + 1) == "viertel"):
        minutes, end = -15, at + (1 if part == "dreiviertel" else 2)
    elif part == "kurz" and tokens.at(at + 1) in ("vor", "nach"):
        minutes, end = (-5 if tokens.at(at + 1) == "vor" else 5), at + 2
    elif part in ("viertel", "1") and (part == "viertel" or tokens.at(at + 1) == "/"):
        minutes, sign, end = 15, _sign(tokens.at(at + 1)), at + 1
        minutes, end = (15 * sign, at + 2) if sign else (-45, at + 1)
    else:
        number = cardinal(tokens, at, one=False)
        if number is None or not 0 < number.value < 60 or number.value.denominator != 1:
            return None
        end = number.end + (1 if tokens.at(number.end) in ("minuten", "minute", "min") else 0)
        sign = _sign(tokens.at(end))
        if not sign:
            return None
        minutes, end = int(number.value) * sign, end + 1
    if tokens.at(end) == "halb" and part != "halb":
        minutes, end = minutes - 30, end + 1
    hour = _hour(tokens, end)
    if hour is None or (hour[0] > 12 and minutes == -30):
        return None
    half, end = _half(tokens, hour[1], hour[0])
    full = half is Half.FULL or hour[0] > 12 or tokens.at(hour[1] - 1) in _NAMED
    base = hour[0]
    if half is Half.PM and base < 12:
        base += 12
    elif half is Half.AM and base == 12:
        base = 0
    total = (base * 60 + minutes) % (1440 if full or half is not Half.UNSAID else 720)
    if full and half is Half.UNSAID:
        half = Half.FULL
    reached = total // 60
    return Found(Said(reached or (12 if half is Half.UNSAID else 0), total % 60, half, True), at, end)


def _sign(word: str) -> int:
    return {"vor": -1, "nach": 1, "ueber": 1}.get(word, 0)


def _clock(tokens: Tokens, at: int) -> Found[Said] | None:
    part = tokens.at(at)
    if part in _NAMED and (part == "mitternacht" or tokens.at(at - 1) in ("um", "bis", "am", "zu")):
        return Found(Said(_NAMED[part], 0, Half.FULL, True, vague=part == "mittag"), at, at + 1)
    if tokens.attached(at) and tokens.at(at - 1) in ("$", "#", "€", "/", "-", "."):
        return None
    number = cardinal(tokens, at, one=tokens.at(at + 1) == "uhr")
    if number is None or "," in part:
        return None
    value, end = number.value, number.end
    if is_digits(part) and end > at + 1:  # "7.30" was read as a decimal
        value, end = _whole(part), at + 1
    if value.denominator != 1:
        return None
    hour, minute, certain = int(value), 0, False
    if part.isdigit() and len(part) in (3, 4) and tokens.at(at + 1) == "uhr":
        hour, minute, certain = int(part[:-2]), int(part[-2:]), True
    minute, end, written = _minutes(tokens, at, end, minute)
    certain = certain or written
    if tokens.at(end) in ("uhr", "h") and hour <= 24 and (tokens.at(end) == "uhr" or written):
        end, certain = end + 1, True
    if hour > 24 or minute > 59 or tokens.at(end) in _NO_HOUR:
        return None
    half, end = _half(tokens, end, hour)
    certain = certain or half is not Half.UNSAID
    # figures with minutes are read from a clock of 24 hours, "halb acht" and "acht uhr" are not
    figures = written and is_digits(part) and (hour >= 7 or part.startswith("0"))
    if half is Half.UNSAID and (hour >= 12 or hour == 0 or figures or (part.startswith("0") and certain)):
        half = Half.FULL
    if half in (Half.AM, Half.PM) and hour <= 12:
        hour = hour % 12 + (12 if half is Half.PM else 0)
    if not certain:
        before = tokens.at(at - 1)
        certain = before in _SURE or (before in ("fuer", "ab", "bis") and tokens.at(end) in _ENDS)
    if tokens.at(end) in ("puenktlich", "rum", "herum"):
        end += 1
    return Found(Said(hour % 24, minute, half, certain), at, end)


def _whole(part: str) -> Fraction:
    return Fraction(part) if part.isdigit() else Fraction(1, 2)


def _minutes(tokens: Tokens, at: int, end: int, minute: int) -> tuple[int, int, bool]:
    """Return (minute, end, whether one was said) after the hour: `:30`, `.30 uhr`, `uhr dreißig`, `h30`."""
    sign = tokens.at(end)
    following = tokens.at(end + 1)
    two = following.isdigit() and len(following) == 2
    if sign == ":" and two and tokens.attached(end):
        end += 2
        if tokens.at(end) == ":" and tokens.at(end + 1).isdigit():
            end += 2
        return int(tokens.at(at + 2)), end, True
    if sign == "." and two and tokens.attached(end + 1) and tokens.at(end + 2) != ".":
        return int(following), end + 2, True
    if sign in ("uhr", "h"):
        follow = cardinal(tokens, end + 1, one=False)
        if follow and follow.value.denominator == 1 and 0 < follow.value < 60 and follow.end == end + 2:
            after = tokens.at(follow.end)
            if after not in _NO_HOUR and after not in (":", ".", "uhr") and _sign(after) == 0:
                return int(follow.value), follow.end, True
        return minute, end, False
    if not is_digits(tokens.at(at)) and tokens.at(at - 1) in ("um", "auf", "gegen", "fuer"):
        follow = cardinal(tokens, end, one=False)
        if follow and follow.value.denominator == 1 and 10 <= follow.value < 60:
            after = tokens.at(follow.end)
            if after not in _NO_HOUR and _sign(after) == 0 and after != "uhr":
                return int(follow.value), follow.end, True
    return minute, end, False


def _half(tokens: Tokens, at: int, hour: int) -> tuple[Half, int]:
    part, following = tokens.at(at), tokens.at(at + 1)
    if hour > 12:
        return Half.UNSAID, at + 1 if part in _PARTS and part.endswith("s") else at
    end = at
    if part in ("am", "in") and following in ("der", *_PARTS):
        end, part = (at + 2, tokens.at(at + 2)) if following == "der" else (at + 1, following)
        if part == "morgen" and following != "morgen":
            return Half.UNSAID, at
    elif part in ("heute", "morgen", "gestern", "uebermorgen") and following in _PARTS:
        return _of_part(following, hour), at  # the day parser needs the words too
    elif part in ("heute", "morgen") or part not in _PARTS or part in ("morgen", "mittag"):
        return Half.UNSAID, at
    half = _of_part(part, hour)
    return (half, end + 1) if half is not Half.UNSAID else (half, at)


def _of_part(part: str, hour: int) -> Half:
    hours = _PARTS.get(part)
    if hours is None:
        return Half.UNSAID
    if part.startswith("nacht"):
        return Half.AM if hour <= 5 or hour == 12 else Half.PM
    if part.startswith("mittag"):
        return Half.AM if hour == 11 else Half.PM
    return Half.AM if hours < 12 else Half.PM


def _part(tokens: Tokens, at: int) -> Found[Said] | None:
    """A part of the day stands for an hour when nothing more exact is said."""
    part, before = tokens.at(at), tokens.at(at - 1)
    if part in ("vor", "nach"):
        end = at + 2 if tokens.at(at + 1) in ("der", "dem") else at + 1
        table = _AFTER_WHAT if part == "nach" else _BEFORE_WHAT
        if tokens.at(end) in table:
            return Found(Said(table[tokens.at(end)], 0, Half.FULL, True, vague=True), at, end + 1)
        return None
    if part not in _PARTS:
        return None
    if part == "morgen" and before not in ("am", "jeden", "heute", "jedem", *_DAYS):
        return None
    if part == "nacht" and before not in ("heute", "in", "der", "jede", "morgen", "jeder", *_DAYS):
        return None
    start = at
    while tokens.at(start - 1) in ("am", "in", "der", "zu"):
        start -= 1
    return Found(Said(_PARTS[part], 0, Half.FULL, True, vague=True), start, at + 1)
