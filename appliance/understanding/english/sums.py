"""Sums in words to an expression of digits, `+ - * / % ^`, brackets and sqrt()."""

from __future__ import annotations

import re

from appliance.understanding.english.numbers import amount, digits
from appliance.understanding.english.spelling import spelled
from appliance.understanding.parsing import sums
from appliance.understanding.parsing.figures import plain
from appliance.understanding.parsing.sums import N, SumWords, operand
from appliance.understanding.tokens import Tokens

_MONEY = re.compile(r"[$£€]|\b(?:dollars?|bucks|euros?|pounds|cents|bill|people|friends|persons|ways|of us|degrees)\b")
_LIST = rf"{N}(?:\s*(?:,|and|plus|,\s*and|with|to)?\s*{N})+"
_INFIX = (
    (r"\b(?:plus|added to|and also)\b", "+"), (r"\b(?:minus|less|subtracted by|take away)\b", "-"),
    (r"\b(?:multiplied by|multiplied with|times|x)\b|×", "*"), (r"\b(?:divided by|over)\b|÷", "/"),
    (r"\b(?:to the power of|raised to the power of|raised to|to the power)\b|\*\*", "^"),
    (r"\b(?:modulo|mod)\b", "%"),
    (r"\bsquared\b", "^2"), (r"\bcubed\b", "^3"), (r"\bto the (?:third|3rd)(?: power)?\b", "^3"),
    (r"\bto the (?:fourth|4th)(?: power)?\b", "^4"),
)  # fmt: skip

_RULES: tuple[tuple[str, str], ...] = (
    (rf"what (?:%|percentage) of {N} is {N}", r"\2/\1*100"),
    (rf"{N} is what (?:%|percentage) of {N}", r"\1/\2*100"),
    (rf"what (?:%|percentage) is {N} (?:out )?of {N}", r"\1/\2*100"),
    (rf"{N} (?:out )?of {N} (?:as|in) (?:a )?%", r"\1/\2*100"),
    (rf"{N} (?:out )?of {N} ,? ?what %", r"\1/\2*100"),
    (rf"{N} as a %(?: ?age)? of {N}", r"\1/\2*100"),
    (rf"quadruple(?: of)? {N}", r"\1*4"),
    (rf"{N} (?:minus|less|-) {N} ?%", r"\1-\1*\2/100"),
    (rf"{N} (?:plus|\+) {N} ?%", r"\1+\1*\2/100"),
    (rf"{N} (?:times|x|\*) {N} ?%", r"\1*\2/100"),
    (rf"{N}% (?:off|discount (?:on|off|of|from))(?: of)? (?:a |the |an )?{N}", r"\2-\2*\1/100"),
    (rf"(?:take|deduct|subtract) {N}% (?:off|from|away from) {N}", r"\2-\2*\1/100"),
    (rf"add (?:a |an )?{N}% (?:tip |tax |vat )?(?:to|on) {N}", r"\2+\2*\1/100"),
    (rf"{N}% (?:[a-z]+ ){{0,2}}(?:of|on|for|from) (?:a |the |an )?{N}", r"\2*\1/100"),
    (rf"(?:subtract|take away|take|deduct|remove) {N} (?:away )?(?:from|off) {N}", r"\2-\1"),
    (rf"(?:left|remains?|have)[a-z ]* (?:take|subtract|remove) {N} (?:away )?from {N}", r"\2-\1"),
    (rf"(?:take|subtract) {N} (?:and|minus) {N}", r"\1-\2"),
    (rf"divide {N} into {N}", r"\2/\1"),
    (rf"(?:times does|often does) {N} go into {N}", r"\2/\1"),
    (rf"(?:divide|split|share) {N} (?:by|between|among|amongst|into|with|and) {N}", r"\1/\2"),
    (rf"{N} (?:split|divided|shared) (?:by|between|among|into) {N}", r"\1/\2"),
    (rf"multiply {N} (?:by|with|and|times) {N}", r"\1*\2"),
    (rf"product of {N} (?:and|by|,) {N}", r"\1*\2"),
    (rf"quotient of {N} (?:and|by|,) {N}", r"\1/\2"),
    (rf"difference (?:between|of) {N} (?:and|,) {N}", r"\1-\2"),
    (rf"(?:remainder|rest)[a-z ]* {N} (?:is )?(?:divided by|over|mod|/) {N}", r"\1%\2"),
    (rf"(?:square root of|square root|root of|root|sqrt of|sqrt) {N}", r"sqrt(\1)"),
    (rf"cube root of {N}", r"\1^(1/3)"),
    (rf"raise {N} to (?:the power of |the )?{N}", r"\1^\2"),
    (rf"(?:square of|square) {N}$", r"\1^2"),
    (rf"(?:cube of|cube) {N}$", r"\1^3"),
    (rf"(?:double|twice)(?: of)? {N}", r"\1*2"),
    (rf"triple(?: of)? {N}", r"\1*3"),
    (rf"(?:halve|half)(?: of)? {N}", r"\1/2"),
    (rf"{N} halved", r"\1/2"),
    (rf"{N} doubled", r"\1*2"),
    (rf"{N} (?:[a-z]+ ){{1,3}}(?:at|for|cost) (?:a )?{N} (?:each|apiece|per|a piece)", r"\1*\2"),
    (rf"(?:make|earn|get|paid|save|spend) {N} (?:an|a|per|each|every) [a-z]+\D*{N}", r"\1*\2"),
    (rf"(?:have|has|had|buys?) {N}[a-z ]* (?:eats?|ate|loses?|lost|gives? away|gave away|spends?) {N}", r"\1-\2"),
    (rf"{N} factorial|factorial of {N}", r"\1\2!"),
    (rf"{N} more than {N}", r"\2+\1"),
    (rf"{N} less than {N}", r"\2-\1"),
    (rf"(?:percent|part) of {N} is {N}", r"\2/\1*100"),
)

_WORDS_OF_SUMS = SumWords(
    rules=_RULES,
    infix=_INFIX,
    refused=re.compile(r"\blog\b|\bsine?\b|\bcos|\btan|\d!"),
    average=re.compile(rf"(?:average(?: of)?|mean of) ({_LIST})"),
    root=re.compile(rf"(?:square root of|root of|sqrt of)\s*{N}"),
    added=re.compile(
        r"(?:add(?: up)?|tot up|reckon up|sum(?: up)?(?: of)?|total(?: of)?|subtotal|"
        rf"{N} and {N} (?:is|makes|added|together|make)).*"
    ),
    loose=(
        (rf"\b(?:left|difference|change|remain\w*|float|spent {N}|spend {N})\b", "{big}-{small}"),
        (
            r"\b(?:split|share[sd]?|divided?|between|among|everyone|equal|over|(?:each|per|every) (?:person|of us|one)|"
            rf"each (?:pays?|owes?)|how much (?:is that )?each|do i pay if|{N} into {N})\b",
            "{big}/{small}",
        ),
        (
            r"\b(?:each|apiece|per|of them|(?:a|an|every) (?:day|week|month|hour|term|night|go|metre|meter|kilo)|"
            rf"{N} by|(?:at|of) {N})\b",
            "{a}*{b}",
        ),
        (r"\b(?:together|altogether|in total|all told|plus me|add)\b", "{a}+{b}"),
        (rf"^(?:and |so |ok |hey )?(?:what is|what's|whats|how much is|how much are|what are) {N} and {N}$", "{a}+{b}"),
    ),
    shares=(
        (r"\b(?:off|discount|reduced|cheaper|sale|down)\b", "{x}-{x}*{p}/100"),
        (
            r"\b(?:plus|total|raise|raising|raised|goes up|increase[sd]?|on top|including|dearer|add)\b",
            "{x}+{x}*{p}/100",
        ),
        (
            r"\b(?:tip|vat|gst|tax|service|how much|what's|what is|commission|interest)\b|^(?:[a-z' ]+ )?[\d.]+% of",
            "{x}*{p}/100",
        ),
    ),
    restart=re.compile(r"\b(?:sorry|i mean|well|no just|no make it|so|so that's|make that)\b"),
)


def expression(text: str) -> str | None:
    """Return the sum that the sentence asks for, `17*24` or `sqrt(2025)`; None when it is not one of ours."""
    return sums.expression(_digits(text), _WORDS_OF_SUMS)


def _digits(text: str) -> str:
    """Return the sentence in lower case with every number in digits and money words gone."""
    text = re.sub(r"(?<=\d)[kK]\b", "000", text)
    text = re.sub(
        r"\blakhs?\b", "hundred thousand", re.sub(r"(?<=[\dy]) grand\b| grand a (?=year)", " thousand ", text)
    )
    tokens = Tokens.text(_MONEY.sub(" ", text.lower().replace("per cent", "%").replace("percent", "%")), spelled)
    parts: list[str] = []
    at = 0
    while at < len(tokens):
        if tokens.at(at) in _TIMES_TABLE and operand(parts):  # "seven eights"
            parts += ["*", str(_TIMES_TABLE[tokens.at(at)])]
            at += 1
            continue
        found = None if tokens.at(at) in ("-", "minus", "a", "an") and operand(parts) else amount(tokens, at)
        if found is None or (
            tokens.at(at) in ("half", "a", "quarter") and found.value < 10 and not _share(tokens, found.end)
        ):
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


def _share(tokens: Tokens, end: int) -> bool:
    return tokens.at(end) == "of" and (tokens.at(end - 1) in _SHARES or tokens.at(end - 2) == "/")


_TIMES_TABLE = {
    word: n
    for n, word in enumerate("twos threes fours fives sixes sevens eights nines tens elevens twelves".split(), 2)
}
_SHARES = frozenset(
    "half third thirds quarter quarters fourth fourths fifth fifths eighth eighths tenth tenths".split()
)
