"""Sums in words to an expression of digits, `+ - * / % ^`, brackets and sqrt()."""

from __future__ import annotations

import re

from appliance.understanding.german.numbers import amount, is_digits, plain
from appliance.understanding.german.tokens import Tokens, folded, text

_N = r"(-?\d+(?:\.\d+)?)"
_MONEY = re.compile(
    r"[$£€]|\b(?:euro|euros|franken|dollar|cent|rappen|personen|leute|freunde|grad|stueck|aepfel|punkte)\b"
)
_LIST = rf"{_N}(?:\s*(?:,|und|plus|mit)?\s*{_N})+"
_INFIX = (
    (r"\b(?:plus|addiert mit|zuzueglich)\b", "+"), (r"\b(?:minus|weniger|abzueglich)\b", "-"),
    (r"\b(?:multipliziert mit|mal genommen mit|malgenommen mit|mal|x)\b|×", "*"),
    (r"\b(?:geteilt durch|dividiert durch|geteilt auf|durch|geteilt)\b|÷|(?<=\d) ?: ?(?=[\d(])", "/"),
    (r"\b(?:hoch|zur potenz)\b|\*\*", "^"), (r"\b(?:modulo|mod)\b", "%"),
    (r"\b(?:zum quadrat|im quadrat)\b", "^2"),
)  # fmt: skip
_WORDS = r"(?:[a-z]+ ){0,3}"

_RULES: tuple[tuple[str, str], ...] = (
    (rf"(?:prozent|%) von {_N} (?:sind|ist) {_N}", r"\2/\1*100"),
    (rf"(?:prozent|%) (?:sind|ist|waeren) {_N} von {_N}", r"\1/\2*100"),
    (rf"{_N} (?:ist|sind|entspricht|entsprechen) wie ?viel (?:%|prozent) von {_N}", r"\1/\2*100"),
    (rf"{_N} (?:minus|weniger|-|abzueglich) {_N} ?%", r"\1-\1*\2/100"),
    (rf"{_N} (?:plus|\+|zuzueglich) {_N} ?%", r"\1+\1*\2/100"),
    (rf"{_N} (?:mit|bei|nach) {_N} ?% (?:rabatt|nachlass|skonto)", r"\1-\1*\2/100"),
    (rf"(?:kosten|kostet) {_N} (?:mit |minus |abzueglich ){_N} ?%", r"\1-\1*\2/100"),
    (rf"{_N} ?% (?:rabatt|nachlass|skonto) (?:auf|von|bei) {_N}", r"\2-\2*\1/100"),
    (rf"(?:zieh|ziehe|nimm) {_N} ?% von {_N} (?:ab|weg)", r"\2-\2*\1/100"),
    (rf"{_N} ?% {_WORDS}(?:von|auf|aus|bei|der|des) {_N}", r"\2*\1/100"),
    (rf"(?:subtrahiere|subtrahier|zieh|ziehe) {_N} von {_N}", r"\2-\1"),
    (rf"{_N} von {_N} (?:abziehen|subtrahieren|abgezogen)", r"\2-\1"),
    (rf"(?:dividiere|dividier|teile|teil|teil mal|verteil|verteile) {_N} (?:durch|auf|unter|mit) {_N}", r"\1/\2"),
    (rf"{_N} (?:durch|auf|unter) {_N} (?:teilen|dividieren|verteilen|aufteilen|teile|teilt)", r"\1/\2"),
    (rf"{_N} (?:geteilt|aufgeteilt|verteilt) (?:durch|auf|unter) {_N}$", r"\1/\2"),
    (rf"(?:multipliziere|multiplizier) {_N} (?:mit|und|mal) {_N}", r"\1*\2"),
    (rf"{_N} (?:mit|und) {_N} multiplizieren", r"\1*\2"),
    (rf"nimm {_N} mal {_N}", r"\1*\2"),
    (rf"produkt (?:von|aus) {_N} (?:und|mit) {_N}", r"\1*\2"),
    (rf"quotient (?:von|aus) {_N} und {_N}", r"\1/\2"),
    (rf"differenz (?:zwischen|von|aus) {_N} und {_N}", r"\1-\2"),
    (rf"(?:rest von|bleibt uebrig bei|rest bei) {_N} (?:geteilt durch|durch) {_N}", r"\1%\2"),
    (rf"(?:geht|passt|passen) {_N} in (?:die )?{_N}", r"\2/\1"),
    (rf"(?:quadrat ?)?wurzel (?:aus|von|der) {_N}", r"sqrt(\1)"),
    (rf"(?:kubikwurzel|dritte wurzel) (?:aus|von) {_N}", r"\1^(1/3)"),
    (rf"quadrat von {_N}$", r"\1^2"),
    (rf"(?:doppelte|zweifache) von {_N}", r"\1*2"),
    (rf"(?:dreifache) von {_N}", r"\1*3"),
    (rf"(?:vierfache) von {_N}", r"\1*4"),
    (rf"(?:verdopple|verdoppel|verdoppeln) {_N}", r"\1*2"),
    (rf"{_N} verdoppeln", r"\1*2"),
    (rf"(?:halbiere|halbier) {_N}", r"\1/2"),
    (rf"{_N} halbieren", r"\1/2"),
    (rf"(?:habe|hab|hatte|hat) {_N} {_WORDS}(?:und )?(?:gebe|gib|verliere|esse|gibt|isst|verschenke) {_N}", r"\1-\2"),
)
_PERCENT_LEFT = re.compile(r"\d ?%(?! ?[\d(])")
_REFUSED = re.compile(r"\blog\b|\bsinus\b|\bsin\b|\bcos|\btan|\d ?!\s*\d|fakultaet|\b[xyz]\b ?=|integral|ableitung")
_ADDING = re.compile(
    rf"(?:addiere?n?|addiert|zusammen|zusammengezaehlt|zusammenzaehlen|summe|summiere?n?|summiert|{_N} und {_N})"
)


def expression(said: str) -> str | None:
    """Return the sum that the sentence asks for, `17*24` or `sqrt(2025)`; None when it is not one of ours."""
    flat = _digits(said)
    if _REFUSED.search(flat):
        return None
    averaged = re.search(rf"(?:durchschnitt|mittelwert|schnitt|mittel) (?:von|aus) ({_LIST})", flat)
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


def _added(flat: str) -> str | None:
    if not _ADDING.search(flat) or "*" in flat or "/" in flat:
        return None
    numbers = re.findall(_N, flat)
    return "+".join(numbers) if len(numbers) > 1 else None


def _infix(flat: str) -> str | None:
    for pattern, sign in _INFIX:
        flat = re.sub(pattern, f" {sign} ", flat)
    flat = re.sub(rf"wurzel (?:aus|von)\s*{_N}", r"sqrt(\1)", flat)
    pieces = re.findall(r"(?:sqrt\s*\(|[-+*/%^().]|\d+(?:\.\d+)?|\s)+", flat)
    best = max(pieces, key=lambda piece: len(re.findall(r"\d", piece)), default="")
    result = re.sub(r"\s+", "", best).strip(".").rstrip("+*/%^.")
    if not result or len(re.findall(_N, result)) != len(re.findall(_N, flat)):
        return None
    if not re.search(r"[-+*/%^(]", result.lstrip("-")) or not _sound(result):
        return None
    return result


def _sound(said: str) -> bool:
    """Tell whether numbers and operators alternate and brackets match."""
    depth, wants_number = 0, True
    for part in re.findall(r"sqrt|\d+(?:\.\d+)?|[-+*/%^()]", said):
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


def _digits(said: str) -> str:
    """Return the sentence folded, with every number in digits and money words gone."""
    flat = re.sub(r"(?<=\d)k\b", "000", folded(said)).replace("²", " zum quadrat ")
    flat = re.sub(r"\bdie haelfte\b", "haelfte", flat.replace("prozentsatz", "").replace("mwst", ""))
    flat = re.sub(r"(?<=\d)([x*/+:-])(?=\d)", r" \1 ", _MONEY.sub(" ", flat))
    tokens = text(flat)
    parts: list[str] = []
    at = 0
    while at < len(tokens):
        negative = tokens.at(at) in ("-", "minus")
        skip = (negative and (_operand(parts) or not is_digits(tokens.at(at + 1)))) or tokens.at(at) in (
            "ein", "eine", "einen", "einem", "einer", "eines", "der", "die",
        )  # fmt: skip
        found = None if skip and not _share(tokens, at) else amount(tokens, at)
        if found is None:
            parts.append("%" if tokens.at(at) == "prozent" else tokens.at(at))
            at += 1
        elif tokens.at(found.end) in ("von", "aus") and found.value < 1 and found.value.denominator > 1 and "," not in (
            tokens.at(at)
        ):  # fmt: skip
            parts += [f"({found.value.numerator}/{found.value.denominator})", "*"]
            at = found.end + 1
        elif "/" in tokens.parts[found.start : found.end]:
            parts.append(tokens.at(at))
            at += 1
        else:
            parts.append(plain(found.value))
            at = found.end
    flat = " ".join(parts)
    return re.sub(r"\s+", " ", re.sub(r"(?<=\d)\s+%\s*(?=[a-z])", "% ", flat)).strip(" ?.!,")


def _operand(parts: list[str]) -> bool:
    return bool(parts) and (is_digits(parts[-1]) or parts[-1] == ")")


def _share(tokens: Tokens, at: int) -> bool:
    """Tell whether `ein` begins a share: `ein drittel von`."""
    found = amount(tokens, at)
    return found is not None and found.value < 1 and tokens.at(found.end) == "von"
