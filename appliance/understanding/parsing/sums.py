"""Sums: from a sentence with its numbers in digits to an expression of `+ - * / % ^`, brackets and sqrt()."""

from __future__ import annotations

import re
from dataclasses import dataclass
from re import Pattern

from appliance.understanding.parsing.figures import is_digits

N = r"(-?\d+(?:\.\d+)?)"  # one number, as a group
_PERCENT_LEFT = re.compile(r"\d ?%(?! ?[\d(])")
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


def expression(flat: str, words: SumWords) -> str | None:
    """Return the sum that the sentence asks for, `17*24` or `sqrt(2025)`; None when it is not one of ours."""
    if words.refused.search(flat):
        return None
    if averaged := words.average.search(flat):
        numbers = re.findall(N, averaged[1])
        return f"({'+'.join(numbers)})/{len(numbers)}"
    for pattern, result in words.rules:
        found = re.search(pattern, flat)  # re keeps what it compiled
        # a rule that leaves numbers aside has misread the sentence
        if found and _count(flat) == sum(group is not None for group in found.groups()):
            return found.expand(result)
    if _PERCENT_LEFT.search(flat):
        return None
    return _infix(flat, words) or _added(flat, words)


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
    flat = words.root.sub(r"sqrt(\1)", flat)
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
