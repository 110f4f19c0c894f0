"""Numbers in digits and words: `1.200`, `2,5`, `einundzwanzig`, `zweihundertfünfzig`, `anderthalb`."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from appliance.understanding.german.tokens import Found, Tokens

_UNITS = {
    name: value
    for value, name in enumerate(
        "null ein zwei drei vier fuenf sechs sieben acht neun zehn elf zwoelf dreizehn vierzehn fuenfzehn sechzehn "
        "siebzehn achtzehn neunzehn".split()
    )
}
_TENS = {
    name: 10 * value
    for value, name in enumerate("zwanzig dreissig vierzig fuenfzig sechzig siebzig achtzig neunzig".split(), start=2)
}
_ONE = frozenset({"eins", "ein", "eine", "einen", "einem", "einer", "eines"})
_SCALES = {
    "hundert": 100, "tausend": 1_000, "million": 1_000_000, "millionen": 1_000_000, "mio": 1_000_000,
    "milliarde": 10**9, "milliarden": 10**9, "dutzend": 12,
}  # fmt: skip
_ORDINAL_STEMS = {
    "erst": 1, "zweit": 2, "dritt": 3, "viert": 4, "fuenft": 5, "sechst": 6, "siebt": 7, "siebent": 7, "acht": 8,
    "neunt": 9, "zehnt": 10, "elft": 11, "zwoelft": 12,
}  # fmt: skip
_SHARES = {
    "halb": Fraction(1, 2), "halbe": Fraction(1, 2), "halben": Fraction(1, 2), "halber": Fraction(1, 2),
    "halbes": Fraction(1, 2), "haelfte": Fraction(1, 2), "drittel": Fraction(1, 3), "viertel": Fraction(1, 4),
    "fuenftel": Fraction(1, 5), "sechstel": Fraction(1, 6), "achtel": Fraction(1, 8), "zehntel": Fraction(1, 10),
    "dreiviertel": Fraction(3, 4), "hundertstel": Fraction(1, 100),
}  # fmt: skip
_HALVES = {
    "anderthalb": Fraction(3, 2), "anderthalbe": Fraction(3, 2), "eineinhalb": Fraction(3, 2),
    "einundeinhalb": Fraction(3, 2), "einehalbe": Fraction(1, 2),
}  # fmt: skip
_MAX = 10**15


def is_digits(part: str) -> bool:
    return part[:1].isdigit()


def digits(part: str) -> Fraction:
    """Read `1.200`, `1'200` (thousands) and `2,5` (a decimal comma)."""
    return Fraction(re.sub(r"[.'](?=\d{3})", "", part).replace(",", "."))


@lru_cache(maxsize=1024)
def word_value(word: str) -> int | None:
    """Return the number below a million that one folded word says, `zweihundertfuenfzig`; None for others."""
    if word in ("eins", "null"):
        return 1 if word == "eins" else 0
    if word.count("tausend") == 1:
        front, _, back = word.partition("tausend")
        thousands, rest = _hundreds(front, 1), _hundreds(back.removeprefix("und"), 0)
        return None if thousands is None or rest is None else thousands * 1000 + rest
    return _hundreds(word, None)


def _hundreds(word: str, empty: int | None) -> int | None:
    if not word:
        return empty
    if word.count("hundert") == 1:
        front, _, back = word.partition("hundert")
        count, rest = _below_hundred(front, 1), _below_hundred(back.removeprefix("und"), 0)
        return None if count is None or rest is None or count > 99 else count * 100 + rest
    return _below_hundred(word, None)


def _below_hundred(word: str, empty: int | None) -> int | None:
    if not word:
        return empty
    if word in _UNITS:
        return _UNITS[word]
    if word == "eins":
        return 1
    for name, value in _TENS.items():
        if word == name:
            return value
        if word.endswith(f"und{name}"):
            unit = _UNITS.get(word.removesuffix(f"und{name}"))
            return value + unit if unit is not None and 1 <= unit <= 9 else None
    return None


@lru_cache(maxsize=512)
def ordinal_value(word: str) -> int | None:
    """Return the number of `ersten`, `dritter`, `einundzwanzigsten`; None for other words."""
    found = re.fullmatch(r"(.+?)(st)?(?:e|en|er|es|em)", word)
    if found is None:
        return None
    if found[2]:
        value = word_value(found[1])
        return value if value is not None and value >= 20 else _ORDINAL_STEMS.get(f"{found[1]}st")
    if found[1] in _ORDINAL_STEMS:
        return _ORDINAL_STEMS[found[1]]
    value = word_value(found[1].removesuffix("t")) if found[1].endswith("t") else None
    return value if value is not None and 13 <= value <= 19 else None


def cardinal(tokens: Tokens, at: int, one: bool = True) -> Found[Fraction] | None:
    """Return the number that begins at `at`: `25`, `1.200`, `2,5`, `drei komma fünf`, `einundzwanzig`.

    `one` tells whether `ein` and `eine` count as 1. Fractions are `amount`'s business.
    """
    part = tokens.at(at)
    value: Fraction | None = None
    end = at + 1
    if is_digits(part):
        value = digits(part)
        if (
            tokens.at(end) == "."
            and tokens.attached(end)
            and tokens.attached(end + 1)
            and tokens.at(end + 1).isdigit()
            and tokens.at(end + 2) not in (".", ":", "/", "uhr")
            and part.isdigit()
        ):
            value, end = Fraction(f"{part}.{tokens.at(end + 1)}"), end + 2  # "3.5", as many type it
    elif part in _ONE:
        value = Fraction(1) if one or part == "eins" or tokens.at(end) in _SCALES else None
    elif part in ("hundert", "tausend"):
        value = Fraction(_SCALES[part])
    else:
        spoken = word_value(part) if part.isalpha() else None
        value = None if spoken is None else Fraction(spoken)
    if value is None:
        return None
    if not is_digits(part) and tokens.at(end) in ("komma", "punkt"):
        figures, after = _figures(tokens, end + 1)
        if figures:
            value, end = value + Fraction(int(figures), 10 ** len(figures)), after
    while tokens.at(end) in _SCALES:
        value *= _SCALES[tokens.at(end)]
        end += 1
        follow = cardinal(tokens, end, one=False) if end < len(tokens) else None
        if follow and follow.value < _SCALES[tokens.at(end - 1)] and not is_digits(tokens.at(end)):
            value, end = value + follow.value, follow.end
    return Found(value, at, end) if value <= _MAX else None


def _figures(tokens: Tokens, at: int) -> tuple[str, int]:
    figures = ""
    while (part := tokens.at(at)).isdigit() or (part in _UNITS and _UNITS[part] < 10) or part == "eins":
        figures += part if part.isdigit() else "1" if part == "eins" else str(_UNITS[part])
        at += 1
    if not figures and (value := word_value(tokens.at(at))) is not None:
        return str(value), at + 1
    return figures, at


def fraction(tokens: Tokens, at: int) -> Found[Fraction] | None:
    """Return `halb`, `ein drittel`, `drei viertel`, `1/2`, `die hälfte` at `at`."""
    part, after = tokens.at(at), tokens.at(at + 1)
    if is_digits(part) and after == "/" and is_digits(tokens.at(at + 2)) and digits(tokens.at(at + 2)):
        return Found(digits(part) / digits(tokens.at(at + 2)), at, at + 3)
    if part in ("½", "¼", "¾"):
        return Found({"½": Fraction(1, 2), "¼": Fraction(1, 4), "¾": Fraction(3, 4)}[part], at, at + 1)
    if part in _SHARES:
        return Found(_SHARES[part], at, at + 1)
    if part in _ONE and after in _SHARES:
        return Found(_SHARES[after], at, at + 2)
    count = word_value(part) if part.isalpha() else int(part) if part.isdigit() and len(part) < 4 else None
    if count and after in _SHARES and not after.startswith(("halb", "haelfte", "dreiviertel")):
        return Found(count * _SHARES[after], at, at + 2)
    return None


def amount(tokens: Tokens, at: int, one: bool = True) -> Found[Fraction] | None:
    """Return a number with its fraction: `zweieinhalb`, `2 1/2`, `eineinviertel`, `halb`, `1,5`, `minus 4`."""
    part = tokens.at(at)
    if part in ("-", "minus") and not tokens.attached(at):
        inner = amount(tokens, at + 1)
        return None if inner is None or inner.value < 0 else Found(-inner.value, at, inner.end)
    if part in _HALVES:
        return Found(_HALVES[part], at, at + 1)
    if (grown := _grown(part)) is not None:
        return Found(grown, at, at + 1)
    if small := fraction(tokens, at):
        return small
    whole = cardinal(tokens, at, one)
    if whole is None:
        return None
    if tokens.at(whole.end) in ("einhalb", "½"):
        return Found(whole.value + Fraction(1, 2), at, whole.end + 1)
    joint = whole.end + 1 if tokens.at(whole.end) == "und" else whole.end
    rest = fraction(tokens, joint)
    said = tokens.parts[rest.start : rest.end] if rest else ()
    if rest and rest.value < 1 and ("/" in said or (joint > whole.end and {"ein", "eine"} & set(said))):
        return Found(whole.value + rest.value, at, rest.end)
    return whole


@lru_cache(maxsize=512)
def _grown(word: str) -> Fraction | None:
    """Return `zweieinhalb`, `dreiundeinhalb`, `eineinviertel` as one number."""
    for ending, share in (("einhalb", Fraction(1, 2)), ("eindrittel", Fraction(1, 3)), ("einviertel", Fraction(1, 4)),
                          ("dreiviertel", Fraction(3, 4))):  # fmt: skip
        front = word.removesuffix(ending).removesuffix("und")
        if word.endswith(ending) and front and (whole := word_value(front)) is not None:
            return whole + share
    return None
