"""Sums: from a sentence with its numbers in digits to an expression of `+ - * / % ^`, brackets and sqrt()."""

from __future__ import annotations

import re
from dataclasses import dataclass
from re import Pattern

from appliance.understanding.parsing.figures import is_digits

N = r"(-?\d+(?:\.\d+)?)"  # one number, as a group
_PERCENT_LEFT = re.compile(r"\d ?%(?! ?[\d(])")
_SHARE = re.compile(r"(\d+(?:\.\d+)?) ?%(?! ?[\d(])")
_COUNTED = re.compile(r"(\d) [a-z]{3,} +(?=[-+*/] )")  # what is counted: "12 bottles * 0.25"
_TRAILING = "+*/%^."


@dataclass(frozen=True, slots=True)
class SumWords:
    """How a language says sums. Patterns are searched in the sentence with its numbers in digits."""

    rules: tuple[tuple[str, str], ...]  # (pattern, expression); the first whose groups are all numbers of the sentence
    infix: tuple[tuple[str, str], ...]  # (pattern, sign)
    refused: Pattern[str]  # no sum of ours
    average: Pattern[str]  # its first group holds the numbers
    root: Pattern[str]  # its group is the number under the root
    added: Pattern[str]  # covers the numbers to add
    leading: str = ""  # signs that may stand before an expression without meaning anything
    # what no rule reads, but the words around two numbers tell: (pattern, form), the first that is found. A form names
    # the numbers `a` and `b` in their order or `big` and `small`; of a share `p` percent and `x`, the other number
    loose: tuple[tuple[str, str], ...] = ()
    shares: tuple[tuple[str, str], ...] = ()
    restart: Pattern[str] | None = None  # what follows takes the place of what was said before it


def expression(flat: str, words: SumWords) -> str | None:
    """Return the sum that the sentence asks for, `17*24` or `sqrt(2025)`; None when it is not one of ours."""
    if words.refused.search(flat):
        return None
    again = [found.end() for found in words.restart.finditer(flat)] if words.restart else []
    return _read(flat, words) or (_read(flat[again[-1] :].strip(" .,"), words) if again else None)


def _read(flat: str, words: SumWords) -> str | None:
    if averaged := words.average.search(flat):
        numbers = re.findall(N, averaged[1])
        return f"({'+'.join(numbers)})/{len(numbers)}"
    for pattern, result in words.rules:
        found = re.search(pattern, flat)  # re keeps what it compiled
        # a rule that leaves numbers aside has misread the sentence
        if found and _count(flat) == sum(group is not None for group in found.groups()):
            return found.expand(result)
    if _PERCENT_LEFT.search(flat):
        return _loose(flat, words)
    return _infix(flat, words) or _added(flat, words) or _loose(flat, words)


def _loose(flat: str, words: SumWords) -> str | None:
    numbers = [number.lstrip("-") for number in re.findall(N, flat)]
    if len(numbers) != 2 or not all(float(number) for number in numbers):
        return None
    a, b = numbers
    small, big = sorted(numbers, key=float)
    share = _SHARE.search(flat)
    p = share[1] if share else ""
    named = {"a": a, "b": b, "big": big, "small": small, "p": p, "x": b if p == a else a}
    forms = words.shares if share else words.loose
    return next((form.format(**named) for pattern, form in forms if re.search(pattern, flat)), "") or None


def _count(text: str) -> int:
    return len(re.findall(N, text))


def _added(flat: str, words: SumWords) -> str | None:
    found = words.added.search(flat)
    if not found or "*" in flat or "/" in flat:
        return None
    numbers = re.findall(N, found[0])
    return "+".join(numbers) if len(numbers) > 1 and len(numbers) == _count(flat) else None


def _infix(flat: str, words: SumWords) -> str | None:
    for pattern, sign in words.infix:
        flat = re.sub(pattern, f" {sign} ", flat)
    flat = _COUNTED.sub(r"\1 ", words.root.sub(r"sqrt(\1)", flat))
    pieces = re.findall(r"(?:sqrt\s*\(|[-+*/%^().]|\d+(?:\.\d+)?|\s)+", flat)
    best = max(pieces, key=lambda piece: len(re.findall(r"\d", piece)), default="")
    result = re.sub(r"\s+", "", best).lstrip(words.leading).rstrip(_TRAILING)
    if not result or _count(result) != _count(flat):
        return None
    if not re.search(r"[-+*/%^(]", result.lstrip("-")) or not _sound(result):
        return None
    return result


def _sound(text: str) -> bool:
    """Tell whether numbers and operators alternate and brackets match."""
    depth, wants_number = 0, True
    for part in re.findall(r"sqrt|\d+(?:\.\d+)?|[-+*/%^()]", text):
        if part in ("(", "sqrt"):
            if not wants_number:
                return False
            depth += part == "("
        elif part == ")":
            depth -= 1
            if wants_number or depth < 0:
                return False
        elif part[0].isdigit():
            if not wants_number:
                return False
            wants_number = False
        elif part == "-" and wants_number:
            continue
        elif wants_number:
            return False
        else:
            wants_number = True
    return depth == 0 and not wants_number


def operand(parts: list[str]) -> bool:
    """Tell whether the last part is what a sign may follow: a number or a closed bracket."""
    return bool(parts) and (is_digits(parts[-1]) or parts[-1] == ")")
