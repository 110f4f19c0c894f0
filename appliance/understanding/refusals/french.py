"""What is no wish in French."""

from __future__ import annotations

from typing import Final

from appliance.understanding.refusals.groups import (
    ALARMS,
    ALL,
    BOX,
    CHANGING,
    CLOCKS,
    KEPT,
    LAMPS,
    LIGHT,
    LISTED,
    MAKING,
    MARKING,
    NOTES,
    PENDING,
    REMINDING,
    SHOWN,
    WORDY,
    Refusal,
    refusal,
)

_KIN = (
    r"(?:sœur|soeur|frère|mère|maman|père|papa|fils|fille|femme|mari|coloc|patron|patronne|voisin|voisine|mamie|papi|"
    r"copain|copine|ami|amie|enfants|collègue)"
)
REFUSED: Final[tuple[Refusal, ...]] = (
    refusal(
        ALL, r"^(?:système|assistant|utilisateur|admin) ?:", r"^répète après moi\b", r"\btes (?:règles|consignes)\b"
    ),
    refusal(WORDY, r"^(?:traduis|comment (?:on )?(?:dit|écrit)|comment s'écrit)\b"),
    refusal(
        MAKING,
        r"^(?:pas besoin|pas la peine|inutile|j'allais|supposons|imagine|fais semblant|si j'|si je|j'aurais dû)",
        r"^(?:qu'est-ce qui se passe|il se passe quoi|tu ferais quoi|est-ce que je devrais|surtout (?:ne|pas|n'))",
    ),
    refusal(LIGHT, r"^pas (?:la|le|les|cette|ces)\b"),
    refusal(
        ALARMS,
        r"\balarme (?:de la (?:maison|voiture)|incendie|anti)",
        r"\b(?:active|arme)z? l'alarme\b",
        r"\bfausse alerte",
    ),
    refusal(
        CLOCKS,
        r"\bsur (?:mon|ma|le|la|son|sa) (?:téléphone|portable|iphone|ipad|tablette|ordi|ordinateur|montre)\b",
        r"^(?:mets|règle|programme) (?:le|la) (?:four|micro-ondes|lave-vaisselle|thermostat|chauffage|radiateur)\b"
        r"(?! sur minuteur)",
    ),
    refusal(
        KEPT,
        r"\b(?:combien de|plusieurs) .*(?:\ben même temps|\btu peux|\bpeux-tu|\bje peux)",
        r"^où (?:sont|est) .*\b(?:stock|enregistr|sauvegard)",
        r"^qui peut\b",
        r"\btu peux (?:mettre|lancer|gérer) plusieurs\b",
    ),
    refusal(REMINDING, r"^(?:un )?(?:petit|gentil|dernier) rappel\b"),
    refusal(
        LISTED,
        r"\b(?:il|elle|ils|elles) (?:est|sont|figure\w*) (?:encore |toujours )?sur\b",
        r"^(?:on a|j'ai) (?:déjà )?fait\b",
    ),
    refusal(
        CHANGING,
        r"^(?:achète|commande|paie|paye|téléphone|réserve|nourris|mise)(?:-\w+)?\b(?! passée)",
        r"^(?:sors le chien|donne à manger|fais un don|promène)\b",
    ),
    refusal(
        CLOCKS,
        rf"^(?:mon|ma|mes|notre|nos|son|sa|ses) {_KIN} (?:veut|a besoin|avait|mettait|met toujours|voudrait|aimerait)\b"
        r"(?!.*\b(?:me|moi|m')\b)",
    ),
    refusal(ALL, r"^j'ai (?:mis|réglé|annulé|supprimé|lancé) (?!quoi|combien).*\b(?:tout à l'heure|hier|ce matin)\b"),
    refusal(
        MARKING,
        r"^(?:il|elle|maman|papa|mamie|papi|la maîtresse|le prof|le patron) (?:m'a|nous a|a) (?:dit|demandé|"
        r"crié) (?:de|que)\b"
        r"(?!.*,)",
    ),
    # what was, and what others have: the box shows what there is now
    refusal(
        SHOWN,
        r"^(?:quand (?:est-ce que )?j'ai|pourquoi|qui a)\b",
        r"^(?:quels?|quelles?|combien de) .*\bj'ai (?:ratée?s?|manquée?s?|loupée?s?|faite?s?)\b",
        r"\b(?:a ma femme|a mon mari|sa liste|ses rappels|ses notes|le gouvernement)\b",
        r"\bsur (?:mon|le|ma) (?:téléphone|portable|tablette|ordi)\b|\bsur l'ordinateur\b",
        r"\b(?:coûterait|coûte|le moins cher)\b",
    ),
    refusal(PENDING, r"\b(?:la semaine dernière|le mois dernier|hier|cette nuit)\b", r"^tu m'as rappelé\b"),
    refusal(LISTED, r"\bliste des (?:prix|ingrédients|présidents|rois)\b", r"\bcarte des vins\b"),
    refusal(
        NOTES,
        r"\bsur (?:mon|le|ma) (?:téléphone|portable|tablette|ordi)\b|\bsur l'ordinateur\b",
        r"\b(?:do majeur|octave|piano|à l'école)\b",
    ),
    refusal(
        LAMPS,
        r"\b(?:lampadaires de|phares?|vélo|frigo|écran|clignotant|lampe torche|lampe de poche|flash|entreprise)\b",
        r"\b(?:de la rue|du voisin|chez mamie)\b",
        r"^tu as (?:éteint|allumé)\b",
    ),
    refusal(BOX, r"\b(?:téléphone|voiture|frigo|routeur|portable|la chambre|dans la rue|entreprise)\b"),
)
