"""Days and repeats, counted from a given today."""

from __future__ import annotations

from datetime import date, timedelta

from appliance.understanding.german.numbers import cardinal, ordinal_value
from appliance.understanding.german.tokens import Found, Tokens
from appliance.understanding.parsing.days import (
    Feast,
    coming,
    dated,
    feast,
    is_iso,
    iso,
    listed,
    months_on,
    next_week,
    of_this_month,
    repeat_of,
    same_week,
    upcoming,
    weekend,
    year_at,
)
from appliance.understanding.parsing.scan import every, first

NAMES = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")
_WEEKDAYS = {name: index for index, name in enumerate(NAMES)}
_CLIPPED = {"mo": 0, "di": 1, "mi": 2, "do": 3, "fr": 4, "sa": 5, "so": 6}  # also plain words
_MONTH_NAMES = "januar februar maerz april mai juni juli august september oktober november dezember".split()
MONTHS: dict[str, int] = {}
for _index, _name in enumerate(_MONTH_NAMES, start=1):
    MONTHS[_name] = MONTHS[_name[:3]] = _index
MONTHS |= {"sept": 9, "mrz": 3, "juno": 6, "julei": 7}
_NEXT = frozenset({"naechsten", "naechster", "naechste", "naechstem", "naechstes"})
_COMING = frozenset({"kommenden", "kommender", "kommende", "kommendem", "kommendes"})
_THIS = frozenset({"diesen", "diesem", "dieser", "diese", "dieses"})
_AT = frozenset({"am", "den", "der", "fuer", "bis", "zum", "vom"})
_FEASTS: dict[str, Feast] = {
    "weihnachten": (12, 25), "heiligabend": (12, 24), "silvester": (12, 31), "neujahr": (1, 1), "nikolaus": (12, 6),
    "nikolaustag": (12, 6), "halloween": (10, 31), "valentinstag": (2, 14), "allerheiligen": (11, 1),
    "rosenmontag": -48, "faschingsdienstag": -47, "fastnachtsdienstag": -47, "aschermittwoch": -46,
    "palmsonntag": -7, "gruendonnerstag": -3, "karfreitag": -2, "karsamstag": -1, "ostern": 0, "ostersonntag": 0,
    "ostermontag": 1, "himmelfahrt": 39, "pfingsten": 49, "pfingstsonntag": 49, "pfingstmontag": 50,
    "fronleichnam": 60,
}  # fmt: skip
_UNITS = {
    "tag": 1, "tage": 1, "tagen": 1, "woche": 7, "wochen": 7, "monat": 0, "monate": 0, "monaten": 0, "jahr": 0,
    "jahre": 0, "jahren": 0,
}  # fmt: skip


def dates(tokens: Tokens, today: date) -> list[Found[date]]:
    """Return every day that is named, left to right; days that lie in the past move a year or week ahead."""
    return every(
        tokens,
        lambda at: (
            _near(tokens, at, today)
            or _ahead(tokens, at, today)
            or _weekday(tokens, at, today)
            or _calendar(tokens, at, today)
            or _feast(tokens, at, today)
        ),
    )


def _near(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    part, second, third = tokens.at(at), tokens.at(at + 1), tokens.at(at + 2)
    steps = {"heute": 0, "uebermorgen": 2, "ueberuebermorgen": 3, "morgen": 1, "overmorgen": 2}.get(part)
    if part == "morgen" and _is_morning(tokens, at):
        steps = None
    if steps is not None:
        base = Found(today + timedelta(steps), at, at + 1)
        later = _ahead(tokens, at + 1, base.value) if second == "in" else None
        return Found(later.value, at, later.end) if later else base
    if part in (*_AT, "dieses", "das", "naechstes", "kommendes", "dieser") and second == "wochenende":
        return Found(weekend(today, part == "naechstes"), at, at + 2)
    if part in (_NEXT | _COMING) and second == "woche":
        end = at + 3 if third == "am" else at + 2
        if tokens.at(end) in _WEEKDAYS:
            return Found(next_week(today, _WEEKDAYS[tokens.at(end)]), at, end + 1)
        return Found(today + timedelta(7), at, at + 2)
    if part in (_NEXT | _COMING) and second == "monat":
        return Found(months_on(today, 1), at, at + 2)
    return None


def _is_morning(tokens: Tokens, at: int) -> bool:
    """Tell whether `morgen` is a part of the day here, not tomorrow."""
    before = tokens.at(at - 1)
    if before in _WEEKDAYS:
        return True
    return before in ("am", "jeden", "guten", "heute", "jedem", "den", "diesen", "jeder", "schoenen", "gestern")


def _ahead(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    """Read `in zwei tagen`, `in einer woche`, `in 3 monaten` (not hours: those are lengths of time)."""
    if tokens.at(at) != "in":
        return None
    number = cardinal(tokens, at + 1)
    if number is None or number.value.denominator != 1 or not 0 < number.value < 3660:
        return None
    unit = tokens.at(number.end)
    if unit not in _UNITS:
        return None
    count, end = int(number.value), number.end + 1
    if unit.startswith(("monat", "jahr")):
        return Found(months_on(today, count * (12 if unit.startswith("jahr") else 1)), at, end)
    return Found(today + timedelta(count * _UNITS[unit]), at, end)


def _weekday(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    part = tokens.at(at)
    prefix = part if part in (_NEXT | _COMING | _THIS | _AT) else ""
    word = at + 1 if prefix else at
    if prefix in _AT and tokens.at(word) in (_NEXT | _COMING | _THIS):
        prefix, word = tokens.at(word), word + 1
    index = _WEEKDAYS.get(tokens.at(word), _CLIPPED.get(tokens.at(word)) if prefix else None)
    if index is None:
        return None
    day, end = coming(today, index), word + 1
    if prefix in _NEXT and same_week(today, day):
        day += timedelta(7)
    if prefix in _THIS and index == today.weekday():
        day = today
    if tokens.at(end) in (_NEXT | _COMING) and tokens.at(end + 1) == "woche":
        return Found(next_week(today, index), at, end + 2)
    if later := _ahead(tokens, end, day):
        return Found(later.value, at, later.end)
    comma = end + 1 if tokens.at(end) == "," else end
    if tokens.at(comma) in ("den", "der", "dem") and (exact := _calendar(tokens, comma + 1, today)):
        return Found(exact.value, at, exact.end)
    return Found(day, at, end)


def _calendar(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    """Read `5. mai`, `fünften mai 2027`, `24.12.`, `am 5.`, `am fünften`, `2026-12-24`."""
    part, start = tokens.at(at), at
    if is_iso(tokens, at):
        return iso(tokens, at)
    prefixed = part in _AT and tokens.at(at - 1) != "in"
    if prefixed:
        at, part = at + 1, tokens.at(at + 1)
    day, end, dotted = _day_of_month(tokens, at)
    if day is None:
        return None
    month = MONTHS.get(tokens.at(end))
    if month is not None:
        year, end = _year(tokens, end + 1)
        return dated(today, year, month, day, start, end)
    number, after, closed = _day_of_month(tokens, end)
    if dotted and number is not None and 1 <= number <= 12 and (closed or prefixed) and tokens.at(after) != "uhr":
        year, after = _year(tokens, after)
        return dated(today, year, number, day, start, after)
    if prefixed and dotted and tokens.at(start) in ("am", "bis", "zum", "den") and tokens.at(end) not in ("uhr",):
        return of_this_month(today, day, start, end)
    return None


def _day_of_month(tokens: Tokens, at: int) -> tuple[int | None, int, bool]:
    """Return (day, end, whether it was an ordinal: a number with a dot or `fünften`)."""
    part = tokens.at(at)
    if part.isdigit() and len(part) <= 2 and 1 <= int(part) <= 31:
        dotted = tokens.at(at + 1) == "." and tokens.attached(at + 1)
        return int(part), at + 2 if dotted else at + 1, dotted
    value = ordinal_value(part) if part.isalpha() else None
    return (value, at + 1, True) if value is not None and 1 <= value <= 31 else (None, at, False)


def _year(tokens: Tokens, at: int) -> tuple[str, int]:
    part = tokens.at(at)
    if part.isdigit() and len(part) == 2 and tokens.attached(at) and "20" <= part <= "60":
        return f"20{part}", at + 1
    return year_at(tokens, at)


def _feast(tokens: Tokens, at: int, today: date) -> Found[date] | None:
    start = at + 1 if tokens.at(at) in ("an", "zu", "am", "auf", "bis") else at
    named = _FEASTS.get(tokens.at(start))
    if named is None and tokens.at(start) == "heilig" and tokens.at(start + 1) == "abend":
        return upcoming(today, 12, 24, at, start + 2)
    if tokens.at(start) in ("christi", "mariae", "maria") and tokens.at(start + 1) == "himmelfahrt":
        return feast(today, 39 if tokens.at(start) == "christi" else (8, 15), at, start + 2)
    return None if named is None else feast(today, named, at, start + 1)


# ---- what comes back ----

_JOINTS = frozenset({"und", ",", "&", "jeden", "sowie"})  # between weekdays
_EVERY = frozenset({"jeden", "jede", "jedes", "jeder", "jedem", "alle"})
_DAILY = frozenset({"taeglich", "tagtaeglich", "taeglicher", "taeglichen", "jedentag"})
_WORKING = frozenset(
    "werktags werktaeglich werktaeglicher werktaeglichen wochentags werktagen wochentagen arbeitstagen".split()
)
_UNKNOWN = frozenset(
    "stuendlich woechentlich monatlich jaehrlich halbstuendlich minuetlich vierteljaehrlich alljaehrlich".split()
)
_DAY_PARTS = frozenset("morgen abend vormittag nachmittag mittag nacht".split())
_LONGER = frozenset(
    "stunde stunden woche wochen monat monate jahr jahre minute minuten tage sekunde sekunden quartal mal".split()
)


def repeats(tokens: Tokens) -> Found[str | None] | None:
    """Return the repeat (`daily`, `weekdays`, `weekends`, `mon,wed`); value None for one that tools do not know."""
    return first(tokens, _repeat)


def _repeat(tokens: Tokens, at: int) -> Found[str | None] | None:
    part, second, third = tokens.at(at), tokens.at(at + 1), tokens.at(at + 2)
    if part in _DAILY:
        return Found("daily", at, at + 1)
    if part in _UNKNOWN:
        return Found(None, at, at + 1)
    if part in _WORKING:
        return Found("weekdays", at - 1 if tokens.at(at - 1) in ("an", "immer") else at, at + 1)
    if part == "unter" and second == "der" and third == "woche":
        return Found("weekdays", at, at + 3)
    if part in ("wochenenden", "wochenends"):
        return Found("weekends", at - 1 if tokens.at(at - 1) in ("an", "den") else at, at + 1)
    if second == "wochenende" and "immer" in (third, tokens.at(at - 1)) and part in ("am", "jedes"):
        return Found("weekends", at, at + (3 if third == "immer" else 2))
    if part in ("einmal", "zweimal", "dreimal") and second in ("am", "pro", "im", "die"):
        return Found("daily" if part == "einmal" and third == "tag" else None, at, at + 3)
    if part in _EVERY:
        return _every(tokens, at)
    if part == "immer":
        start = at + 2 if second in ("am", "an") else at + 1
        if _day(tokens.at(start), plural=second not in ("am", "an")) is not None:
            return _weekdays(tokens, at, start)
    if _plural(part) is not None:
        return _weekdays(tokens, at - 1 if tokens.at(at - 1) == "immer" else at, at)
    return _through(tokens, at)


def _through(tokens: Tokens, at: int) -> Found[str | None] | None:
    start = at + 1 if tokens.at(at) == "von" else at
    begin, last = _day(tokens.at(start)), _day(tokens.at(start + 2))
    if begin is None or last is None or tokens.at(start + 1) not in ("bis", "-") or begin >= last:
        return None
    return Found(repeat_of(range(begin, last + 1)), at, start + 3)


def _every(tokens: Tokens, at: int) -> Found[str | None] | None:
    second = at + 2 if tokens.at(at + 1) in ("einzelnen", "einzigen") else at + 1
    word = tokens.at(second)
    if word == "tag" or (tokens.at(at) == "alle" and word == "tage"):
        return Found("daily", at, second + 1)
    if word in _DAY_PARTS:  # the part of the day stays for the clock to read
        return Found("daily", at, second)
    if word in ("werktag", "arbeitstag", "wochentag", "schultag"):
        return Found("weekdays", at - 1 if tokens.at(at - 1) == "an" else at, second + 1)
    if word == "wochenende":
        return Found("weekends", at, second + 1)
    if _day(word) is not None:
        return _weekdays(tokens, at, second)
    counted = cardinal(tokens, second, one=False)
    after = tokens.at(counted.end) if counted else tokens.at(second + 1) if ordinal_value(word) else word
    if after in _LONGER or (ordinal_value(word) and (after == "tag" or _day(after) is not None)):
        return Found(None, at, min(len(tokens), second + (1 if after == word else 2)))
    return None


def _plural(word: str) -> int | None:
    return NAMES.index(word[:-1]) if word.endswith("s") and word[:-1] in NAMES else None


def _day(word: str, plural: bool = False) -> int | None:
    if word in NAMES:
        return NAMES.index(word)
    return _plural(word) if plural and _plural(word) is not None else _CLIPPED.get(word)


def _weekdays(tokens: Tokens, start: int, at: int) -> Found[str | None]:
    return listed(tokens, start, at, lambda word: _day(word, plural=True), _JOINTS)
