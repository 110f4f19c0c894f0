"""Sums in words to an expression of digits, `+ - * / % ^`, brackets and sqrt()."""

from __future__ import annotations

import re

from appliance.understanding.german.numbers import amount
from appliance.understanding.german.tokens import Tokens, folded, text
from appliance.understanding.parsing import sums
from appliance.understanding.parsing.figures import is_digits, plain
from appliance.understanding.parsing.sums import N, SumWords, operand

_MONEY = re.compile(
    r"[$£€]|\b(?:euro|euros|franken|dollar|cent|rappen|personen|leute|freunde|grad|stueck|aepfel|punkte)\b"
)
_LIST = rf"{N}(?:\s*(?:,|und|plus|mit)?\s*{N})+"
_INFIX = (
    (r"\b(?:plus|addiert mit|zuzueglich)\b", "+"), (r"\b(?:minus|weniger|abzueglich)\b", "-"),
    (r"\b(?:multipliziert mit|mal genommen mit|malgenommen mit|mal|x)\b|×", "*"),
    (r"\b(?:geteilt durch|dividiert durch|geteilt auf|durch|geteilt)\b|÷|(?<=\d) ?: ?(?=[\d(])", "/"),
    (r"\b(?:hoch|zur potenz)\b|\*\*", "^"), (r"\b(?:modulo|mod)\b", "%"),
    (r"\b(?:zum quadrat|im quadrat)\b", "^2"),
)  # fmt: skip
_WORDS = r"(?:[a-z]+ ){0,3}"
# "rechne mal 3 plus 4" multiplies nothing
_PLEASE = re.compile(
    r"\b(rechne?|sag|zieh|ziehe|ziehen|nimm|verdopp[a-z]+|halbier[a-z]*|multiplizier[a-z]*|subtrahier[a-z]*|addier[a-z]*|"
    r"teile?|dividier[a-z]*)(?: (?:mir|uns|bitte|mal|doch|sie|schnell|kurz))+(?= )"
)
_TOGETHER = {
    "zweit": 2, "dritt": 3, "viert": 4, "fuenft": 5, "sechst": 6, "sechs": 6, "siebt": 7, "acht": 8, "neunt": 9,
    "zehnt": 10,
}  # fmt: skip

_RULES: tuple[tuple[str, str], ...] = (
    (rf"(?:prozent|%) von {N} (?:sind|ist) {N}", r"\2/\1*100"),
    (rf"(?:prozent|%) (?:sind|ist|waeren) {N} von {N}", r"\1/\2*100"),
    (rf"{N} (?:ist|sind|entspricht|entsprechen) wie ?viel (?:%|prozent) von {N}", r"\1/\2*100"),
    (rf"{N} (?:minus|weniger|-|abzueglich) {N} ?%", r"\1-\1*\2/100"),
    (rf"{N} (?:plus|\+|zuzueglich) {N} ?%", r"\1+\1*\2/100"),
    (rf"{N} (?:mit|bei|nach) {N} ?% (?:rabatt|nachlass|skonto)", r"\1-\1*\2/100"),
    (rf"(?:kosten|kostet) {N} (?:mit |minus |abzueglich ){N} ?%", r"\1-\1*\2/100"),
    (rf"{N} ?% (?:rabatt|nachlass|skonto) (?:auf|von|bei) {N}", r"\2-\2*\1/100"),
    (rf"(?:zieh|ziehe|nimm) {N} ?% von {N} (?:ab|weg)", r"\2-\2*\1/100"),
    (rf"(?:zieh|ziehe|nimm) von {N} {N} ?% (?:ab|weg)", r"\1-\1*\2/100"),
    (rf"{N} von {N}(?: [a-z]+)? in (?:%|prozent)", r"\1/\2*100"),
    (rf"{N} ?% {_WORDS}(?:von|auf|aus|bei|der|des) {N}", r"\2*\1/100"),
    (rf"(?:subtrahieren?|subtrahier|zieh|ziehen?) {N} von {N}", r"\2-\1"),
    (rf"{N} von {N} (?:abziehen|subtrahieren|abgezogen)", r"\2-\1"),
    (rf"(?:dividiere|dividier|teile|teil|teil mal|verteil|verteile) {N} (?:durch|auf|unter|mit) {N}", r"\1/\2"),
    (rf"{N} (?:durch|auf|unter) {N} (?:teilen|dividieren|verteilen|aufteilen|teile|teilt)", r"\1/\2"),
    (rf"{N} (?:geteilt|aufgeteilt|verteilt) (?:durch|auf|unter) {N}$", r"\1/\2"),
    (rf"(?:multiplizieren?|multiplizier) {N} (?:mit|und|mal) {N}", r"\1*\2"),
    (rf"{N} (?:mit|und) {N} multiplizieren", r"\1*\2"),
    (rf"nimm {N} mal {N}", r"\1*\2"),
    (rf"produkt (?:von|aus) {N} (?:und|mit) {N}", r"\1*\2"),
    (rf"quotient (?:von|aus) {N} und {N}", r"\1/\2"),
    (rf"differenz (?:zwischen|von|aus) {N} und {N}", r"\1-\2"),
    (rf"(?:rest von|bleibt uebrig bei|rest bei) {N} (?:geteilt durch|durch) {N}", r"\1%\2"),
    (rf"(?:geht|passt|passen) (?:die )?{N} in (?:die )?{N}", r"\2/\1"),
    (rf"(?:quadrat ?)?wurzel (?:(?:aus|von|der) )?{N}", r"sqrt(\1)"),
    (rf"(?:kubikwurzel|dritte wurzel) (?:aus|von) {N}", r"\1^(1/3)"),
    (rf"quadrat von {N}$", r"\1^2"),
    (rf"(?:doppelte|zweifache) von {N}", r"\1*2"),
    (rf"(?:dreifache) (?:menge )?von {N}", r"\1*3"),
    (rf"fuenffache von {N}", r"\1*5"),
    (rf"zehnfache von {N}", r"\1*10"),
    (rf"(?:vierfache) von {N}", r"\1*4"),
    (rf"(?:verdopple|verdoppel|verdoppeln) {N}", r"\1*2"),
    (rf"{N} verdoppeln", r"\1*2"),
    (rf"(?:halbiere|halbier) {N}", r"\1/2"),
    (rf"{N} halbieren", r"\1/2"),
    (rf"(?:habe|hab|hatte|hat) {N} {_WORDS}(?:und )?(?:gebe|gib|verliere|esse|gibt|isst|verschenke) {N}", r"\1-\2"),
)

_WORDS_OF_SUMS = SumWords(
    rules=_RULES,
    infix=_INFIX,
    refused=re.compile(
        r"\blog\b|logarithmus|\bpi\b|\bsinus\b|\bsin\b|\bcos|\btan|\d ?!\s*\d|fakultaet|\b[xyz]\b ?=|integral|ableitung"
    ),
    average=re.compile(rf"(?:durchschnitt|mittelwert|schnitt|mittel) (?:von|aus) ({_LIST})"),
    root=re.compile(rf"wurzel (?:aus|von)\s*{N}"),
    added=re.compile(
        rf".*(?:addiere?n?|addiert|zusammen|zusammengezaehlt|zusammenzaehlen|summe|summiere?n?|summiert|{N} und {N}).*"
    ),
    leading=".*",
    loose=(
        (
            r"\b(?:pro (?:nase|person|kopf|mann|kind)|jeder|jede|gleich viel|verteilt|aufgeteilt|aufteilen|"
            r"teilen|teilt)\b",
            "{big}/{small}",
        ),
        (r"\b(?:abzieh\w*|bleibt|bleiben|uebrig|wechselgeld|raus|zurueck|rest|ausgegeben)\b", "{big}-{small}"),
        (
            rf"\b(?:je|pro|jeweils)\b|\b(?:im|am|pro|die|den) (?:monat|jahr|tag|woche|stunde)\b(?!.*\bim jahr bei)|"
            rf"\bstundenlohn\b|\b{N} [a-z]+ (?:zu|a|fuer) {N}",
            "{a}*{b}",
        ),
    ),
    shares=(
        (r"\b(?:rabatt|nachlass|skonto|reduziert|billiger|guenstiger|abzieh\w*|ab)\b", "{x}-{x}*{p}/100"),
        (r"\b(?:drauf|dazu|aufschlag|teurer|mehr|zuzueglich|plus)\b", "{x}+{x}*{p}/100"),
        (r"\b(?:trinkgeld|von|auf|provision|zinsen)\b", "{x}*{p}/100"),
    ),
    restart=re.compile(r"\b(?:also|nein|nee|ne|quatsch|nochmal|lieber|lieber nach|ich meine|beziehungsweise)\b"),
)


def expression(said: str) -> str | None:
    """Return the sum that the sentence asks for, `17*24` or `sqrt(2025)`; None when it is not one of ours."""
    return sums.expression(_digits(said), _WORDS_OF_SUMS)


def _digits(said: str) -> str:
    """Return the sentence folded, with every number in digits and money words gone."""
    flat = re.sub(r"(?<=\d)k\b", "000", folded(said)).replace("²", " zum quadrat ")
    flat = re.sub(r"\bzwo(?=hundert|tausend|und)", "zwei", flat)
    flat = re.sub(rf"\b(?:wir sind|sind wir|waren|wir waren|sind) zu ({'|'.join(_TOGETHER)})\b", _head_count, flat)
    flat = re.sub(r"\bdie haelfte\b", "haelfte", flat.replace("prozentsatz", "").replace("mwst", ""))
    flat = re.sub(r"(?<=\d)([x*/+:-])(?=\d)", r" \1 ", _MONEY.sub(" ", flat))
    tokens = text(flat)
    parts: list[str] = []
    at = 0
    while at < len(tokens):
        negative = tokens.at(at) in ("-", "minus")
        skip = (negative and (operand(parts) or not is_digits(tokens.at(at + 1)))) or tokens.at(at) in (
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
    flat = _PLEASE.sub(r"\1", " ".join(parts)).replace(" aeh ", " ")
    return re.sub(r"\s+", " ", re.sub(r"(?<=\d)\s+%\s*(?=[a-z])", "% ", flat)).strip(" ?.!,")


def _head_count(found: re.Match[str]) -> str:
    return f"wir sind {_TOGETHER[found[1]]} jeder"


def _share(tokens: Tokens, at: int) -> bool:
    """Tell whether `ein` begins a share: `ein drittel von`."""
    found = amount(tokens, at)
    return found is not None and found.value < 1 and tokens.at(found.end) == "von"
