"""French numbers in digits and words."""

from __future__ import annotations

from fractions import Fraction

from appliance.understanding.parsing.figures import is_digits
from appliance.understanding.tokens import Found, Tokens

_SMALL = {
    name: value
    for value, name in enumerate(
        "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize".split()
    )
} | {"une": 1}
_TENS = {
    "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "septante": 70,
    "huitante": 80, "octante": 80, "nonante": 90,
}  # fmt: skip
_SCALES = {"mille": 1_000, "million": 10**6, "millions": 10**6, "milliard": 10**9, "milliards": 10**9}
# how many are meant by "une dizaine"
_ABOUT = {
    "dizaine": 10, "douzaine": 12, "quinzaine": 15, "vingtaine": 20, "trentaine": 30, "quarantaine": 40,
    "cinquantaine": 50, "centaine": 100,
}  # fmt: skip
_PARTS = {
    "demi": Fraction(1, 2), "demie": Fraction(1, 2), "moitie": Fraction(1, 2), "tiers": Fraction(1, 3),
    "quart": Fraction(1, 4), "quarts": Fraction(1, 4), "cinquieme": Fraction(1, 5), "cinquiemes": Fraction(1, 5),
    "huitieme": Fraction(1, 8), "huitiemes": Fraction(1, 8), "dixieme": Fraction(1, 10), "dixiemes": Fraction(1, 10),
}  # fmt: skip
_MAX = 10**15
ARTICLES = frozenset({"un", "une"})


def cardinal(tokens: Tokens, at: int) -> Found[Fraction] | None:
    """Return the number that begins at `at`: `25`, `1 200`, `2,5`, `vingt-cinq`, `nonante`, `deux cent six`.

    Fractions (`1/2`, `trois quarts`) are `amount`'s business.
    """
    if is_digits(tokens.at(at)):
        value, end = _figures(tokens, at)
        while tokens.at(end) in (*_SCALES, "cent", "cents"):
            if tokens.at(end) == "cent" and tokens.at(end - 1) == "pour":
                break
            value *= _SCALES.get(tokens.at(end), 100)
            end += 1
        return Found(value, at, end) if value <= _MAX else None
    return _spoken(tokens, at)


def _figures(tokens: Tokens, at: int) -> tuple[Fraction, int]:
    """Read `2,5`, `12 000`, `1.200` (a thousand) and `1.5`."""
    part, end = tokens.at(at), at + 1
    whole, _, rest = part.partition(".")
    if "," in part:  # "2,500" came as one part: the comma is a decimal sign
        return Fraction(part.replace(".", "").replace(",", ".", 1).replace(",", "")), end
    if rest and len(rest) == 3 and whole.isdigit() and 0 < len(whole) <= 3:
        return Fraction(whole + rest), end
    figures = part
    while not rest and len(part) <= 3 and part != "0" and _thousands(tokens, end):
        figures += tokens.at(end)
        end += 1
    if tokens.at(end) == "," and tokens.attached(end) and tokens.attached(end + 1) and tokens.at(end + 1).isdigit():
        return Fraction(f"{figures}.{tokens.at(end + 1)}"), end + 2
    return Fraction(figures), end


def _thousands(tokens: Tokens, at: int) -> bool:
    return len(tokens.at(at)) == 3 and tokens.at(at).isdigit() and not tokens.attached(at)


def _spoken(tokens: Tokens, at: int) -> Found[Fraction] | None:
    total, end, seen = 0, at, False
    while True:
        group, after = _hundreds(tokens, _dash(tokens, end) if seen else end)
        scale = tokens.at(_dash(tokens, after))
        if scale == "mille" and (group is not None or not seen):
            total, end, seen = total + (group or 1) * 1000, _dash(tokens, after) + 1, True
            continue
        if scale in _SCALES and group is not None:
            total, end, seen = total + group * _SCALES[scale], _dash(tokens, after) + 1, True
            continue
        if group is not None:
            total, end, seen = total + group, after, True
        break
    if not seen:
        return None
    if tokens.at(end) == "virgule":
        return _decimals(tokens, Fraction(total), at, end + 1)
    return Found(Fraction(total), at, end)


def _hundreds(tokens: Tokens, at: int) -> tuple[int | None, int]:
    head, end = _tens(tokens, at)
    word = tokens.at(_dash(tokens, end))
    if word in ("cent", "cents") and tokens.at(end - 1) != "pour" and (head is None or 1 < head < 10):
        end = _dash(tokens, end) + 1
        rest, after = _tens(tokens, _dash(tokens, end))
        return (head or 1) * 100 + (rest or 0), after if rest is not None else end
    return head, end


def _tens(tokens: Tokens, at: int) -> tuple[int | None, int]:
    word = tokens.at(at)
    if word == "quatre" and tokens.at(_dash(tokens, at + 1)) in ("vingt", "vingts"):
        return _unit(tokens, _dash(tokens, at + 1) + 1, 80, 19)
    if word in _TENS:
        return _unit(tokens, at + 1, _TENS[word], 19 if word == "soixante" else 9)
    if word == "dix" and tokens.at(_dash(tokens, at + 1)) in ("sept", "huit", "neuf"):
        return 10 + _SMALL[tokens.at(_dash(tokens, at + 1))], _dash(tokens, at + 1) + 1
    return (_SMALL[word], at + 1) if word in _SMALL else (None, at)


def _unit(tokens: Tokens, at: int, base: int, most: int) -> tuple[int, int]:
    """Return the tens with the units that follow: `-cinq`, ` et un`, `-dix-sept`."""
    follow = _dash(tokens, at)
    if tokens.at(follow) == "et":
        follow = _dash(tokens, follow + 1)
        if tokens.at(follow) not in ("un", "une", "onze"):
            return base, at
    if tokens.at(follow) == "dix" and most == 19:
        value, end = _tens(tokens, follow)
        return base + (value or 0), end
    value = _SMALL.get(tokens.at(follow), 0)
    return (base + value, follow + 1) if 0 < value <= most and (value < 10 or most == 19) else (base, at)


def _dash(tokens: Tokens, at: int) -> int:
    return at + 1 if tokens.at(at) == "-" and tokens.attached(at) else at


def _decimals(tokens: Tokens, whole: Fraction, start: int, at: int) -> Found[Fraction]:
    figures, end = "", at
    while tokens.at(end) == "zero":
        figures, end = figures + "0", end + 1
    rest = cardinal(tokens, end)
    if rest and rest.value.denominator == 1 and rest.value >= 0:
        figures, end = figures + str(rest.value.numerator), rest.end
    return Found(whole + Fraction(int(figures or 0), 10 ** len(figures)), start, end)


def fraction(tokens: Tokens, at: int) -> Found[Fraction] | None:
    """Return `demi`, `un tiers`, `la moitié`, `trois quarts`, `1/2` at `at`."""
    part, second = tokens.at(at), tokens.at(at + 1)
    if part.isdigit() and second == "/" and tokens.at(at + 2).isdigit() and int(tokens.at(at + 2)):
        return Found(Fraction(int(part), int(tokens.at(at + 2))), at, at + 3)
    if part in ("demi", "demie", "moitie"):
        return Found(_PARTS[part], at, at + 1)
    if part in ("un", "une", "le", "la", "les", "petit", "bon") and second in _PARTS:
        return Found(_PARTS[second], at, at + 2)
    if part in ("quart", "tiers"):
        return Found(_PARTS[part], at, at + 1)
    if part in ("les", "un", "une") and second in ("deux", "trois", "petit", "bon"):
        inner = fraction(tokens, at + 1)
        return Found(inner.value, at, inner.end) if inner else None
    if second in _PARTS and second not in ("demi", "demie", "moitie", "quart"):
        count = _SMALL.get(part, int(part) if part.isdigit() and len(part) < 3 else 0)
        return Found(count * _PARTS[second], at, at + 2) if count else None
    return None


def about(tokens: Tokens, at: int) -> Found[Fraction] | None:
    """Return `une dizaine`, `une demi-douzaine`, `deux douzaines`."""
    count, end = Fraction(1), at
    head = cardinal(tokens, at)
    if head:
        count, end = head.value, head.end
    if tokens.at(end) == "bonne" or tokens.at(end) == "petite":
        end += 1
    if tokens.at(end) in ("demi", "demie"):
        count, end = count / 2, _dash(tokens, end + 1)
    word = tokens.at(end)
    value = _ABOUT.get(word) or (_ABOUT.get(word.removesuffix("s")) if head else None)
    return Found(count * value, at, end + 1) if value and (head or end > at or word == "quinzaine") else None


def amount(tokens: Tokens, at: int) -> Found[Fraction] | None:
    """Return a number with its fraction: `deux et demi`, `2 1/2`, `un tiers`, `1,5`, `-4`, `une dizaine`."""
    if tokens.at(at) in ("-", "moins") and not tokens.attached(at):
        inner = amount(tokens, at + 1)
        return None if inner is None or inner.value < 0 else Found(-inner.value, at, inner.end)
    if small := fraction(tokens, at):
        return small
    if some := about(tokens, at):
        return some
    whole = cardinal(tokens, at)
    if whole is None:
        return None
    end = whole.end
    joint = end + 1 if tokens.at(end) == "et" else end
    rest = fraction(tokens, joint)
    if rest and rest.value < 1 and (joint > end or "/" in tokens.parts[rest.start : rest.end]):
        return Found(whole.value + rest.value, at, rest.end)
    return whole
