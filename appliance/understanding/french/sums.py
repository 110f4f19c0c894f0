"""French sums in words to an expression of digits, `+ - * / % ^`, brackets and sqrt()."""

from __future__ import annotations

import re

from appliance.understanding.french.numbers import amount, is_digits, plain
from appliance.understanding.french.spelling import fold, spelled
from appliance.understanding.tokens import Tokens

_N = r"(-?\d+(?:\.\d+)?)"
_MONEY = re.compile(
    r"[$£€]|\b(?:euros?|dollars?|francs?|balles|centimes|personnes?|amis?|pommes?|gateaux?|billets?|boites?|articles?|"
    r"cafes?|places?|oeufs?|chacune?|piece|unite)\b"
)
_INFIX = (
    (r"\b(?:plus|et)\b", "+"), (r"\bmoins\b", "-"), (r"\b(?:multiplie par|multiplies par|fois|x)\b|×", "*"),
    (r"\b(?:divise par|divises par|divisee par|sur)\b|÷|:", "/"),
    (r"\b(?:a la puissance|puissance|exposant)\b|\*\*", "^"), (r"\bmodulo\b", "%"),
    (r"\bau carre\b", "^2"), (r"\bau cube\b", "^3"),
)  # fmt: skip
_TAKE = (
    r"(?:retire|retirer|retires|enleve|enlever|enleves|ote|oter|deduis|deduire|soustrais|soustraire|soustrait|"
    r"soustrayez)"
)
_ADD = r"(?:ajoute|ajouter|ajoutes|rajoute)"
_SHARE = r"(?:divise|diviser|divises|partage|partager|partages|repartis|repartir|reparti|split)"
_RULES: tuple[tuple[str, str], ...] = (
    (rf"(?:pourcentage|pourcents?|%) de {_N} (?:represente|representent|fait|font|est)[a-z ]* {_N}", r"\2/\1*100"),
    (
        rf"{_N} (?:c est|represente|fait|ca fait|est|font) (?:quel|combien de) (?:pourcentages?|pourcents?|%) de {_N}",
        r"\1/\2*100",
    ),
    (rf"{_N} (?:moins|-) {_N} ?%", r"\1-\1*\2/100"),
    (rf"{_N} (?:plus|avec|\+) {_N} ?%(?! de (?:remise|reduction|rabais))", r"\1+\1*\2/100"),
    (rf"{_N} avec {_N} ?% de (?:remise|reduction|rabais)", r"\1-\1*\2/100"),
    (rf"(?:remise|reduction|rabais|solde) de {_N} ?% (?:sur|de|a) {_N}", r"\2-\2*\1/100"),
    (rf"(?:augmentation|hausse|tva|taxe) de {_N} ?% (?:sur|de|a) {_N}", r"\2+\2*\1/100"),
    (rf"(?:pourboire|commission) de {_N} ?% (?:sur|de|pour) {_N}", r"\2*\1/100"),
    (rf"pourboire (?:pour|sur) {_N} (?:a|de) {_N} ?%", r"\1*\2/100"),
    (rf"{_TAKE} {_N} ?% (?:a|de) {_N}", r"\2-\2*\1/100"),
    (rf"{_ADD} {_N} ?% (?:a|sur) {_N}", r"\2+\2*\1/100"),
    (rf"{_N} ?% (?:de |d |sur )(?:[a-z]+ )?{_N}", r"\2*\1/100"),
    (rf"{_TAKE} {_N} (?:a|de|du) {_N}", r"\2-\1"),
    (rf"{_TAKE} {_N} et {_N}", r"\1-\2"),
    (rf"{_ADD} {_N} (?:a|et|avec|plus) {_N}", r"\1+\2"),
    (rf"(?:reste de (?:la division de )?|reste )[a-z ]*?{_N} (?:par|divise par|sur) {_N}", r"\1%\2"),
    (rf"{_SHARE} {_N} (?:par|entre|en|avec) {_N}", r"\1/\2"),
    (rf"{_N} (?:divises? par|partages? entre|partages? en|reparti entre|partages? par) {_N}", r"\1/\2"),
    (rf"fois {_N} (?:va|rentre|entre|il y a|y a t il) dans {_N}", r"\2/\1"),
    (rf"(?:multiplie|multiplier|multiplies|multipliez) {_N} (?:par|et|fois|avec) {_N}", r"\1*\2"),
    (rf"produit de {_N} (?:et|par|,) {_N}", r"\1*\2"),
    (rf"quotient de {_N} (?:et|par|,) {_N}", r"\1/\2"),
    (rf"difference (?:entre|de) {_N} (?:et|,) {_N}", r"\1-\2"),
    (rf"racine cubique de {_N}", r"\1^(1/3)"),
    (rf"(?:racine carree|racine) (?:de )?{_N}", r"sqrt(\1)"),
    (rf"carre de {_N}", r"\1^2"),
    (rf"cube de {_N}", r"\1^3"),
    (rf"(?:le double|double|doubler|doubles|deux fois) (?:de )?{_N}", r"\1*2"),
    (rf"(?:triple|tripler) (?:de )?{_N}", r"\1*3"),
    (rf"{_N} (?:[a-z]+ )?(?:a|qui coutent|coutant) {_N}(?: (?:l|la))?$", r"\1*\2"),
    (
        rf"(?:gagne|depense|paie|economise) {_N} (?:par|de l|l)[a-z ]*{_N} (?:heures?|jours?|mois|semaines?|ans?)",
        r"\1*\2",
    ),
    (rf"{_N} et (?:j en|on en|il en) [a-z]+ {_N}", r"\1-\2"),
)
_LIST = rf"{_N}(?:\s*(?:,|et|plus|, et)?\s*{_N})+"
_PERCENT_LEFT = re.compile(r"\d ?%(?! ?[\d(])")
_NOT_OURS = re.compile(r"\blog(?:arithme)?\b|\bsin(?:us)?\b|\bcos(?:inus)?\b|\btan(?:gente)?\b|\d!|factoriel")


def expression(text: str) -> str | None:
    """Return the sum that the sentence asks for, `17*24` or `sqrt(2025)`; None when it is not one of ours."""
    flat = _digits(text)
    if _NOT_OURS.search(flat):
        return None
    averaged = re.search(rf"moyenne (?:de|entre) ({_LIST})", flat)
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
    found = re.search(
        rf"(?:additionne[rs]?|addition|somme|total|ensemble|{_N} et {_N} (?:ca fait|font|fait|ensemble|egale?)).*", flat
    )
    if not found or "*" in flat or "/" in flat:
        return None
    numbers = re.findall(_N, found[0])
    return "+".join(numbers) if len(numbers) > 1 and len(numbers) == len(re.findall(_N, flat)) else None


def _infix(flat: str) -> str | None:
    for pattern, sign in _INFIX:
        flat = re.sub(pattern, f" {sign} ", flat)
    flat = re.sub(rf"(?:racine carree|racine|sqrt)\s*(?:de)?\s*\(?\s*{_N}\s*\)?", r"sqrt(\1)", flat)
    pieces = re.findall(r"(?:sqrt\s*\(|[-+*/%^().]|\d+(?:\.\d+)?|\s)+", flat)
    best = max(pieces, key=lambda piece: len(re.findall(r"\d", piece)), default="")
    result = re.sub(r"\s+", "", best).strip("+*/%^.")
    if not result or len(re.findall(_N, result)) != len(re.findall(_N, flat)):
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


_SHARES = frozenset("moitie tiers quart quarts cinquieme cinquiemes dixieme dixiemes huitieme huitiemes".split())
_SIGNS = frozenset("+ - * / x × ÷ % ^ plus moins fois divise multiplie sur pour puissance pourcent virgule".split())


def _digits(text: str) -> str:
    """Return the sentence in lower case without accents, every number in digits, money words gone."""
    low = re.sub(r"\bpour ?cents?\b", "%", fold(text.lower().replace("œ", "oe")).replace("d'", "").replace("'", " "))
    tokens = Tokens.text(_MONEY.sub(" ", low), spelled)
    parts: list[str] = []
    at = 0
    while at < len(tokens):
        found = None if tokens.at(at) in ("-", "moins") and _operand(parts) else amount(tokens, at)
        if found and _share(tokens, found.end):
            # "trois quarts de 80"
            parts += [f"({found.value.numerator}/{found.value.denominator})", "*"]
            at = found.end + 1
        elif found is None or not _counts(tokens, at, found.end) or "/" in tokens.parts[found.start : found.end]:
            parts.append(tokens.at(at))
            at += 1
        else:
            parts.append(plain(found.value))
            at = found.end
    return re.sub(r"\s+", " ", re.sub(r"(?<=\d)\s+%", " %", " ".join(parts))).strip(" ?.!,")


def _counts(tokens: Tokens, at: int, end: int) -> bool:
    """Tell whether words are a number here: "un" is one only beside a sign, "le tiers" never by itself."""
    if tokens.at(at) in ("le", "la", "les", "moitie", "tiers", "quart"):
        return False
    if tokens.at(at) in ("un", "une") and end == at + 1:
        return tokens.at(end) in _SIGNS or tokens.at(at - 1) in _SIGNS
    return True


def _operand(parts: list[str]) -> bool:
    return bool(parts) and (is_digits(parts[-1]) or parts[-1] == ")")


def _share(tokens: Tokens, end: int) -> bool:
    return tokens.at(end) in ("de", "d") and (tokens.at(end - 1) in _SHARES or tokens.at(end - 2) == "/")
