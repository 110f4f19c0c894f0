"""French sums in words to an expression of digits, `+ - * / % ^`, brackets and sqrt()."""

from __future__ import annotations

import re

from appliance.understanding.french.numbers import amount
from appliance.understanding.french.spelling import fold, spelled
from appliance.understanding.parsing import sums
from appliance.understanding.parsing.figures import plain
from appliance.understanding.parsing.sums import N, SumWords, operand
from appliance.understanding.tokens import Tokens

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
    (rf"(?:pourcentage|pourcents?|%) de {N} (?:represente|representent|fait|font|est)[a-z ]* {N}", r"\2/\1*100"),
    (
        rf"{N} (?:c est|represente|fait|ca fait|est|font) (?:quel|combien de) (?:pourcentages?|pourcents?|%) de {N}",
        r"\1/\2*100",
    ),
    (rf"{N} (?:moins|-) {N} ?%", r"\1-\1*\2/100"),
    (rf"{N} (?:plus|avec|\+) {N} ?%(?! de (?:remise|reduction|rabais))", r"\1+\1*\2/100"),
    (rf"{N} avec {N} ?% de (?:remise|reduction|rabais)", r"\1-\1*\2/100"),
    (rf"(?:remise|reduction|rabais|solde) de {N} ?% (?:sur|de|a) {N}", r"\2-\2*\1/100"),
    (rf"(?:augmentation|hausse|tva|taxe) de {N} ?% (?:sur|de|a) {N}", r"\2+\2*\1/100"),
    (rf"(?:pourboire|commission) de {N} ?% (?:sur|de|pour) {N}", r"\2*\1/100"),
    (rf"pourboire (?:pour|sur) {N} (?:a|de) {N} ?%", r"\1*\2/100"),
    (rf"{_TAKE} {N} ?% (?:a|de) {N}", r"\2-\2*\1/100"),
    (rf"{_ADD} {N} ?% (?:a|sur) {N}", r"\2+\2*\1/100"),
    (rf"{N} ?% (?:de |d |sur )(?:[a-z]+ )?{N}", r"\2*\1/100"),
    (rf"{_TAKE} {N} (?:a|de|du) {N}", r"\2-\1"),
    (rf"{_TAKE} {N} et {N}", r"\1-\2"),
    (rf"{_ADD} {N} (?:a|et|avec|plus) {N}", r"\1+\2"),
    (rf"(?:reste de (?:la division de )?|reste )[a-z ]*?{N} (?:par|divise par|sur) {N}", r"\1%\2"),
    (rf"{_SHARE} {N} (?:par|entre|en|avec) {N}", r"\1/\2"),
    (rf"{N} (?:divises? par|partages? entre|partages? en|reparti entre|partages? par) {N}", r"\1/\2"),
    (rf"fois {N} (?:va|rentre|entre|il y a|y a t il) dans {N}", r"\2/\1"),
    (rf"(?:multiplie|multiplier|multiplies|multipliez) {N} (?:par|et|fois|avec) {N}", r"\1*\2"),
    (rf"produit de {N} (?:et|par|,) {N}", r"\1*\2"),
    (rf"quotient de {N} (?:et|par|,) {N}", r"\1/\2"),
    (rf"difference (?:entre|de) {N} (?:et|,) {N}", r"\1-\2"),
    (rf"racine cubique de {N}", r"\1^(1/3)"),
    (rf"(?:racine carree|racine) (?:de )?{N}", r"sqrt(\1)"),
    (rf"carre de {N}", r"\1^2"),
    (rf"cube de {N}", r"\1^3"),
    (rf"(?:le double|double|doubler|doubles|deux fois) (?:de )?{N}", r"\1*2"),
    (rf"(?:triple|tripler) (?:de )?{N}", r"\1*3"),
    (rf"{N} (?:[a-z]+ )?(?:a|qui coutent|coutant) {N}(?: (?:l|la))?$", r"\1*\2"),
    (
        rf"(?:gagne|depense|paie|economise) {N} (?:par|de l|l)[a-z ]*{N} (?:heures?|jours?|mois|semaines?|ans?)",
        r"\1*\2",
    ),
    (rf"{N} et (?:j en|on en|il en) [a-z]+ {N}", r"\1-\2"),
)
_LIST = rf"{N}(?:\s*(?:,|et|plus|, et)?\s*{N})+"


_SHARES = frozenset("moitie tiers quart quarts cinquieme cinquiemes dixieme dixiemes huitieme huitiemes".split())
_SIGNS = frozenset("+ - * / x × ÷ % ^ plus moins fois divise multiplie sur pour puissance pourcent virgule".split())

_WORDS_OF_SUMS = SumWords(
    rules=_RULES,
    infix=_INFIX,
    refused=re.compile(r"\blog(?:arithme)?\b|\bsin(?:us)?\b|\bcos(?:inus)?\b|\btan(?:gente)?\b|\d!|factoriel"),
    average=re.compile(rf"moyenne (?:de|entre|avec|si j ai) ({_LIST})"),
    root=re.compile(rf"(?:racine carree|racine|sqrt)\s*(?:de)?\s*\(?\s*{N}\s*\)?"),
    added=re.compile(
        rf"(?:additionne[rs]?|addition|somme|total|ensemble|{N} et {N} (?:ca fait|font|fait|ensemble|egale?)).*"
    ),
    leading="+*/%^.",
    loose=(
        # more is asked than the numbers say
        (
            r"\b1 an\b|\bun \d|\b0\.|\b(?:grammes|moyenne|vitesse|augmentation|"
            r"surface|rayon|diametre|circonference|metres carres (?:pour|dans))\b|"
            r"\bsur (?:dix|vingt|cent)\b",
            "",
        ),
        (r"\b(?:reste|rends?|monnaie|depense|rendre)\b", "{big}-{small}"),
        (
            r"\bpar (?:tete|personne|heure)\b|\bchacun\b|\bon (?:est|etait|sera|sont)\b|\bdure\b|\bdans\b|"
            r"\b(?:partage|divise|reparti)[a-z]*\b",
            "{big}/{small}",
        ),
        (
            rf"{N} (?:[a-z]+ ){{0,3}}(?:a|de|par|pour|fois|pendant|sur) (?:[a-z]+ ){{0,2}}{N}|"
            rf"\b{N} par mois\b|\bde l heure\b",
            "{a}*{b}",
        ),
    ),
    shares=(
        (r"\b(?:remise|reduction|rabais|soldee?s?|moins)\b|-\d", "{x}-{x}*{p}/100"),
        (r"\b(?:ajoute[a-z]*|rajoute|plus|augment[a-z]*|hausse)\b", "{x}+{x}*{p}/100"),
        (r"\b(?:pourboire|marge|rapporte|tva|commission|interets?)\b", "{x}*{p}/100"),
    ),
    restart=re.compile(r"\b(?:enfin|non|pardon|plutot|je veux dire|fais|donc)\b"),
)


def expression(text: str) -> str | None:
    """Return the sum that the sentence asks for, `17*24` or `sqrt(2025)`; None when it is not one of ours."""
    return sums.expression(_digits(text), _WORDS_OF_SUMS)


def _digits(text: str) -> str:
    """Return the sentence in lower case without accents, every number in digits, money words gone."""
    low = re.sub(r"\bpour ?cents?\b", "%", fold(text.lower().replace("œ", "oe")).replace("d'", "").replace("'", " "))
    tokens = Tokens.text(_MONEY.sub(" ", low), spelled)
    parts: list[str] = []
    at = 0
    while at < len(tokens):
        found = None if tokens.at(at) in ("-", "moins") and operand(parts) else amount(tokens, at)
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


def _share(tokens: Tokens, end: int) -> bool:
    return tokens.at(end) in ("de", "d") and (tokens.at(end - 1) in _SHARES or tokens.at(end - 2) == "/")
