"""Sums in words to an expression of digits, `+ - * / % ^`, brackets and sqrt()."""

from __future__ import annotations

import re

from appliance.understanding.english.numbers import amount, digits, is_digits, plain
from appliance.understanding.english.spelling import spelled
from appliance.understanding.tokens import Tokens

_N = r"(-?\d+(?:\.\d+)?)"
_MONEY = re.compile(r"[$£€]|\b(?:dollars?|bucks|euros?|pounds|cents|bill|people|friends|persons|ways|of us|degrees)\b")
_LIST = rf"{_N}(?:\s*(?:,|and|plus|,\s*and|with|to)?\s*{_N})+"
_INFIX = (
    (r"\b(?:plus|added to|and also)\b", "+"), (r"\b(?:minus|less|subtracted by)\b", "-"),
    (r"\b(?:multiplied by|multiplied with|times|x)\b|×", "*"), (r"\b(?:divided by|over)\b|÷", "/"),
    (r"\b(?:to the power of|raised to the power of|raised to|to the power)\b|\*\*", "^"),
    (r"\b(?:modulo|mod)\b", "%"),
    (r"\bsquared\b", "^2"), (r"\bcubed\b", "^3"), (r"\bto the (?:third|3rd)(?: power)?\b", "^3"),
    (r"\bto the (?:fourth|4th)(?: power)?\b", "^4"),
)  # fmt: skip

_Rule = tuple[str, str]
_RULES: tuple[_Rule, ...] = (
    (rf"what (?:%|percentage) of {_N} is {_N}", r"\2/\1*100"),
    (rf"{_N} is what (?:%|percentage) of {_N}", r"\1/\2*100"),
    (rf"{_N} (?:minus|less|-) {_N} ?%", r"\1-\1*\2/100"),
    (rf"{_N} (?:plus|\+) {_N} ?%", r"\1+\1*\2/100"),
    (rf"{_N} (?:times|x|\*) {_N} ?%", r"\1*\2/100"),
    (rf"{_N}% (?:off|discount (?:on|off|of|from))(?: of)? (?:a |the |an )?{_N}", r"\2-\2*\1/100"),
    (rf"(?:take|deduct|subtract) {_N}% (?:off|from|away from) {_N}", r"\2-\2*\1/100"),
    (rf"add (?:a |an )?{_N}% (?:tip |tax |vat )?(?:to|on) {_N}", r"\2+\2*\1/100"),
    (rf"{_N}% (?:[a-z]+ ){{0,2}}(?:of|on|for|from) (?:a |the |an )?{_N}", r"\2*\1/100"),
    (rf"(?:subtract|take|deduct|remove) {_N} (?:away )?(?:from|off) {_N}", r"\2-\1"),
    (rf"(?:left|remains?|have)[a-z ]* (?:take|subtract|remove) {_N} (?:away )?from {_N}", r"\2-\1"),
    (rf"(?:take|subtract) {_N} (?:and|minus) {_N}", r"\1-\2"),
    (rf"divide {_N} into {_N}", r"\2/\1"),
    (rf"(?:times does|often does) {_N} go into {_N}", r"\2/\1"),
    (rf"(?:divide|split|share) {_N} (?:by|between|among|amongst|into|with|and) {_N}", r"\1/\2"),
    (rf"{_N} (?:split|divided|shared) (?:by|between|among|into) {_N}", r"\1/\2"),
    (rf"multiply {_N} (?:by|with|and|times) {_N}", r"\1*\2"),
    (rf"product of {_N} (?:and|by|,) {_N}", r"\1*\2"),
    (rf"quotient of {_N} (?:and|by|,) {_N}", r"\1/\2"),
    (rf"difference (?:between|of) {_N} (?:and|,) {_N}", r"\1-\2"),
    (rf"(?:remainder|rest)[a-z ]* {_N} (?:is )?(?:divided by|over|mod|/) {_N}", r"\1%\2"),
    (rf"(?:square root of|root of|sqrt of) {_N}", r"sqrt(\1)"),
    (rf"cube root of {_N}", r"\1^(1/3)"),
    (rf"raise {_N} to (?:the power of |the )?{_N}", r"\1^\2"),
    (rf"(?:square of|square) {_N}$", r"\1^2"),
    (rf"(?:cube of|cube) {_N}$", r"\1^3"),
    (rf"(?:double|twice)(?: of)? {_N}", r"\1*2"),
    (rf"triple(?: of)? {_N}", r"\1*3"),
    (rf"(?:halve|half)(?: of)? {_N}", r"\1/2"),
    (rf"{_N} halved", r"\1/2"),
    (rf"{_N} doubled", r"\1*2"),
    (rf"{_N} (?:[a-z]+ ){{1,3}}(?:at|for|cost) (?:a )?{_N} (?:each|apiece|per|a piece)", r"\1*\2"),
    (rf"(?:make|earn|get|paid|save|spend) {_N} (?:an|a|per|each|every) [a-z]+\D*{_N}", r"\1*\2"),
    (rf"(?:have|has|had|buys?) {_N}[a-z ]* (?:eats?|ate|loses?|lost|gives? away|gave away|spends?) {_N}", r"\1-\2"),
    (rf"{_N} factorial|factorial of {_N}", r"\1\2!"),
    (rf"{_N} more than {_N}", r"\2+\1"),
    (rf"{_N} less than {_N}", r"\2-\1"),
    (rf"(?:percent|part) of {_N} is {_N}", r"\2/\1*100"),
)


def expression(text: str) -> str | None:
    """Return the sum that the sentence asks for, `17*24` or `sqrt(2025)`; None when it is not one of ours."""
    flat = _digits(text)
    if _FACTORIAL.search(flat):
        return None
    averaged = re.search(rf"(?:average|mean) of ({_LIST})", flat)
    if averaged:
        numbers = re.findall(_N, averaged[1])
        return f"({'+'.join(numbers)})/{len(numbers)}"
    for pattern, result in _RULES:
        found = re.search(pattern, flat)  # re keeps what it compiled
        # a rule that leaves numbers aside has misread the sentence
        if found and len(re.findall(_N, flat)) == sum(group is not None for group in found.groups()):
            return found.expand(result)
    if _PERCENT_LEFT.search(flat):
        return None
    return _infix(flat) or _added(flat)


_PERCENT_LEFT = re.compile(r"\d ?%(?! ?[\d(])")
_FACTORIAL = re.compile(r"\blog\b|\bsine?\b|\bcos|\btan|\d!")


def _added(flat: str) -> str | None:
    found = re.search(
        rf"(?:add(?: up)?|sum(?: up)?(?: of)?|total(?: of)?|subtotal|{_N} and {_N} (?:is|makes|added|together|make)).*",
        flat,
    )
    if not found or "*" in flat or "/" in flat:
        return None
    numbers = re.findall(_N, found[0])
    return "+".join(numbers) if len(numbers) > 1 and len(numbers) == len(re.findall(_N, flat)) else None


def _infix(flat: str) -> str | None:
    for pattern, sign in _INFIX:
        flat = re.sub(pattern, f" {sign} ", flat)
    flat = re.sub(rf"(?:square root of|root of|sqrt of)\s*{_N}", r"sqrt(\1)", flat)
    pieces = re.findall(r"(?:sqrt\s*\(|[-+*/%^().]|\d+(?:\.\d+)?|\s)+", flat)
    best = max(pieces, key=lambda piece: len(re.findall(r"\d", piece)), default="")
    result = re.sub(r"\s+", "", best).rstrip("+*/%^.")
    if not result or len(re.findall(_N, result)) != len(re.findall(_N, flat)):
        return None
    if not re.search(r"[-+*/%^(]", result.lstrip("-")) or not _sound(result):
        return None
    return result


def _sound(text: str) -> bool:
    """Tell whether numbers and operators alternate and brackets match."""
    depth, wants_number = 0, True
    for part in re.findall(r"sqrt|\d+(?:\.\d+)?|[-+*/%^()]", text):
        if part == "(" or part == "sqrt":
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


def _digits(text: str) -> str:
    """Return the sentence in lower case with every number in digits and money words gone."""
    text = re.sub(r"(?<=\d)[kK]\b", "000", text)
    tokens = Tokens.text(_MONEY.sub(" ", text.lower().replace("per cent", "%").replace("percent", "%")), spelled)
    parts: list[str] = []
    at = 0
    while at < len(tokens):
        found = None if tokens.at(at) in ("-", "minus", "a", "an") and _operand(parts) else amount(tokens, at)
        if found is None or (tokens.at(at) in ("half", "a", "quarter") and not _share(tokens, found.end)):
            parts.append(tokens.at(at))
            at += 1
        elif _share(tokens, found.end):
            # "three quarters of 80"
            parts += [f"({found.value.numerator}/{found.value.denominator})", "*"]
            at = found.end + 1
        elif "/" in tokens.parts[found.start : found.end]:
            parts.append(plain(digits(tokens.at(at))))
            at += 1
        else:
            parts.append(plain(found.value))
            at = found.end
    flat = " ".join(parts)
    return re.sub(
        r"\s+", " ", re.sub(r"(?<=\d)\s+%\s*(?=of|tip|off|on|disc|tax|vat|for|from|[a-z])", "% ", flat)
    ).strip(" ?.!,")


def _operand(parts: list[str]) -> bool:
    return bool(parts) and (is_digits(parts[-1]) or parts[-1] == ")")


def _share(tokens: Tokens, end: int) -> bool:
    return tokens.at(end) == "of" and (tokens.at(end - 1) in _SHARES or tokens.at(end - 2) == "/")


_SHARES = frozenset(
    "half third thirds quarter quarters fourth fourths fifth fifths eighth eighths tenth tenths".split()
)
