"""A sum as people write or say it, cut into tokens: digits, number words, operator words, functions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

MAX_CHARACTERS: Final = 500
_MAX_DIGITS: Final = 60
_MAX_EXPONENT: Final = 400


class SumError(ValueError):
    """A sum that cannot be worked out; the text is for the owner."""


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is number, name or the operator itself; `value` is that of a number."""

    kind: str
    value: Fraction = Fraction(0)
    name: str = ""


NAMES: Final = frozenset({"sqrt", "cbrt", "abs", "round", "floor", "ceil", "ln", "log", "pi", "e", "tau"})
_PHRASES: Final[Mapping[str, str]] = {
    "to the power of": "^",
    "raised to": "^",
    "multiplied by": "*",
    "multiply by": "*",
    "divided by": "/",
    "divide by": "/",
    "percent of": "%of",
    "per cent of": "%of",
    "% of": "%of",
    "percent": "%",
    "per cent": "%",
    "square root of": "sqrt",
    "the square root of": "sqrt",
    "cube root of": "cbrt",
    "square root": "sqrt",
    "root of": "sqrt",
    "squared": "²",
    "cubed": "³",
    "half of": "half",
    "half a": "half",
    "a third of": "third",
    "a quarter of": "quarter",
    "plus": "+",
    "and": "and",
    "minus": "-",
    "less": "-",
    "times": "*",
    "over": "/",
    "modulo": "mod",
    "mod": "mod",
    "x": "*",
    "of": "*",
    "double": "double",
    "twice": "double",
    "negative": "neg",
    "point": "point",
}
_ONES: Final = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen",
)
_TENS: Final = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES: Final = {
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
}
_WORDS: Final = {
    **{word: number for number, word in enumerate(_ONES)},
    **{word: 10 * number for number, word in enumerate(_TENS, 2)},
    "a": 1,
}
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:[.,]\d+)?(?:e[+-]?\d{1,4})?(?![\d.,]*\d)|\.\d+")
_SYMBOL = re.compile(r"\*\*|//|[-+*/^%()!²³√×÷·−–:]")
_WORD = re.compile(r"[a-z]+")
_PHRASE = re.compile("|".join(rf"{re.escape(one)}(?![a-z])" for one in sorted(_PHRASES, key=len, reverse=True)))
_LEAD = re.compile(
    r"^(?:(?:please|can you|could you|tell me)\s+)*(?:what(?:'s| is| are)|how much is|calculate|compute|work out)\s+"
)
_REPHRASED: Final = (
    (re.compile(r"^divide (.+) by (.+)$"), r"(\1) / (\2)"),
    (re.compile(r"^multiply (.+) (?:by|with|and) (.+)$"), r"(\1) * (\2)"),
    (re.compile(r"^add (.+) (?:to|and) (.+)$"), r"(\2) + (\1)"),
    (re.compile(r"^(?:subtract|take) (.+) from (.+)$"), r"(\2) - (\1)"),
    (re.compile(r"^(?:the )?sum of (.+)$"), r"\1"),
    (re.compile(r"^(?:the )?product of (.+) and (.+)$"), r"(\1) * (\2)"),
    (re.compile(r"^(?:the )?difference (?:between|of) (.+) and (.+)$"), r"abs((\1) - (\2))"),
    (re.compile(r"^(.+) (?:is|as) (?:what )?(?:a )?(?:percent|percentage|per cent) of (.+)$"), r"100 * (\1) / (\2)"),
    (re.compile(r"^what (?:percent|percentage|per cent) of (.+) is (.+)$"), r"100 * (\2) / (\1)"),
)
_SAME: Final = {"**": "^", "×": "*", "·": "*", "÷": "/", ":": "/", "−": "-", "–": "-", "√": "sqrt"}


def tokens(text: str) -> list[Token]:
    """Cut a sum into tokens. Raises SumError that names what is not understood."""
    if len(text) > MAX_CHARACTERS:
        raise SumError(f"That sum is longer than {MAX_CHARACTERS} characters.")
    rest = _LEAD.sub("", text.casefold().strip().rstrip("?=. "))
    for pattern, instead in _REPHRASED:
        rest = pattern.sub(instead, rest, count=1)
    found, at = list[Token](), 0
    while at < len(rest):
        if rest[at].isspace() or rest[at] in "$€£_":
            at += 1
            continue
        token, at = _next(rest, at)
        found.append(token)
    return _spoken(found)


def _next(text: str, at: int) -> tuple[Token, int]:
    if match := _NUMBER.match(text, at):
        return Token("number", _number(match.group())), match.end()
    if match := _PHRASE.match(text, at):
        kind = _PHRASES[match.group()]
        return (Token("name", name=kind) if kind in NAMES else Token(kind)), match.end()
    if match := _SYMBOL.match(text, at):
        kind = _SAME.get(match.group(), match.group())
        return (Token("name", name=kind) if kind in NAMES else Token(kind)), match.end()
    if match := _WORD.match(text, at):
        word = match.group()
        if word in NAMES:
            return Token("name", name=word), match.end()
        if word in _WORDS or word in _SCALES:
            return Token("word", name=word), match.end()
        if word == "an":
            return Token("word", name="a"), match.end()
        raise SumError(f"I do not know what “{word}” means in a sum.")
    raise SumError(f"I do not know what “{text[at]}” means in a sum.")


def _number(text: str) -> Fraction:
    plain = text.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text) else text.replace(",", ".")
    mantissa, _, exponent = plain.partition("e")
    if len(mantissa) > _MAX_DIGITS or (exponent and abs(int(exponent)) > _MAX_EXPONENT):
        raise SumError(f"A number here has at most {_MAX_DIGITS} digits.")
    return Fraction(plain)


def _spoken(found: Sequence[Token]) -> list[Token]:
    """Join number words and what belongs to them: `two hundred and five point five`, `3 million`, `a dozen`."""
    result, at = list[Token](), 0
    while at < len(found):
        token = found[at]
        if token.kind == "word" or (token.kind == "number" and _is_scale(found, at + 1)):
            value, at = _words(found, at)
            result.append(Token("number", value))
        elif token.kind == "and":
            result.append(Token("+"))
            at += 1
        else:
            result.append(token)
            at += 1
    return result


def _words(found: Sequence[Token], at: int) -> tuple[Fraction, int]:
    """Read one number in words from `at`; return it and where it ends.

    `room` is what the next word must stay below: 100 after a hundred, 10 after twenty, nothing after five.
    """
    total, current, room, start = Fraction(0), Fraction(0), 1000, at
    largest = 10**18
    while at < len(found):
        token = found[at]
        if token.kind == "and" and at > start and found[at - 1].name in _SCALES and _is_small(found, at + 1):
            at += 1
            continue
        if token.kind == "number" and at == start:
            current, room = token.value, 0
        elif token.kind != "word":
            break
        elif token.name in ("hundred", "dozen"):
            current, room = (current or Fraction(1)) * (100 if token.name == "hundred" else 12), 100
            room = room if token.name == "hundred" else 0
        elif token.name in _SCALES and _SCALES[token.name] < largest:
            largest = _SCALES[token.name]
            total, current, room = total + (current or Fraction(1)) * largest, Fraction(0), 1000
        elif (value := _WORDS.get(token.name, 1000)) < room:
            current += value
            room = 10 if value >= 20 else 0
        else:
            break
        at += 1
    if at < len(found) and found[at].kind == "point":
        return _after_point(found, at + 1, total + current)
    return total + current, at


def _after_point(found: Sequence[Token], at: int, value: Fraction) -> tuple[Fraction, int]:
    digits = ""
    while at < len(found) and found[at].kind == "word" and _WORDS.get(found[at].name, 10) < 10:
        digits += str(_WORDS[found[at].name])
        at += 1
    if not digits or len(digits) > _MAX_DIGITS:
        raise SumError("After “point” I need single digits.")
    return value + Fraction(int(digits), 10 ** len(digits)), at


def _is_scale(found: Sequence[Token], at: int) -> bool:
    return at < len(found) and found[at].kind == "word" and found[at].name in _SCALES


def _is_small(found: Sequence[Token], at: int) -> bool:
    return at < len(found) and found[at].kind == "word" and _WORDS.get(found[at].name, 100) < 100
