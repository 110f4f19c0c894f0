"""How people go back to what was just done, per language. Patterns are matched on the whole lower-case sentence.

`corrections` replace the last call by one with another value (group x), `additions` repeat it with another value,
`retractions` take it back, `repeats` do it once more as it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from re import Pattern


@dataclass(frozen=True, slots=True)
class Phrases:
    """Patterns, and carriers: short sentences in which a bare value can be read by the parsers of the language."""

    corrections: tuple[Pattern[str], ...]
    additions: tuple[Pattern[str], ...]
    retractions: tuple[Pattern[str], ...]
    repeats: tuple[Pattern[str], ...]
    label: Pattern[str]  # "for the eggs": group x is what a timer is for
    at: str  # in front of a bare hour
    into: str  # between two units
    offer: str  # said after a change
    chatter: frozenset[str]  # words that no list item, place or day consists of


_LEAD = {
    "en": r"^(?:(?:no|nope|oh|ah|wait|sorry|actually|please|ok|okay|hm|hmm|err|er|well|oops|stop)[, .!]+)*",
    "de": (
        r"^(?:(?:nein|ne|nee|oh|ach|äh|ähm|warte|halt|stopp|sorry|entschuldigung|eigentlich|bitte|ok|"
        r"okay|also|moment|ups)[, .!]+)*"
    ),
    "fr": (
        r"^(?:(?:non|oh|ah|euh|attends|attendez|pardon|désolée?|desole|en fait|finalement|s'il te plaît|"
        r"ok|oups|stop|mince)[, .!]+)*"
    ),
}
_END = {
    "en": r"(?:,? (?:please|instead|thanks|then|rather|ok))*[.!?]*$",
    "de": r"(?:,? (?:bitte|stattdessen|danke|doch|lieber|mal|besser))*[.!?]*$",
    "fr": r"(?:,? (?:s'il te pla[iî]t|s'il vous pla[iî]t|stp|svp|plut[oô]t|merci|à la place|a la place))*[.!?]*$",
}
_CORRECTIONS = {
    "en": (
        r"(?:can you |could you |let's )?(?:make|change|set|turn|switch|move|put|push|shift) "
        r"(?:it|that|this|the (?:timer|alarm|reminder|last one))(?: (?:to|into|for|at|on|back to|by))? (?P<x>.+?)",
        r"(?:i )?(?:meant|mean|said|wanted|meant to say) (?P<x>.+?)",
        r"(?:not|i didn't mean|i didn't say) .+?[,;]? (?:but|i meant|i said|rather) (?P<x>.+?)",
        r"(?:(?:rather|better|let's say|let's do|do) )(?P<x>.+?)",
        r"(?P<x>.+?),? (?:instead|rather)(?: of .+)?",
    ),
    "de": (
        r"(?:mach|stell|änder|ändere|aender|aendere|setz|setze|verschieb|verschiebe)(?:e)? "
        r"(?:das|den|die|es|ihn|sie|daraus|den timer|den wecker|die erinnerung)"
        r"(?: (?:doch|lieber|bitte|mal))*(?: (?:auf|zu|um|für))? (?P<x>.+?)(?: (?:um|draus|daraus))?",
        r"mach (?:doch |lieber |bitte )*(?P<x>.+?) (?:draus|daraus)",
        r"(?:ich )?(?:meinte|meine|wollte|hab gesagt|habe gesagt|sagte)(?: eigentlich| doch)? (?P<x>.+?)",
        r"nicht .+?[,;]? (?:sondern|ich meinte) (?P<x>.+?)",
        r"(?:doch )?(?:lieber|besser|sondern) (?P<x>.+?)",
        r"(?P<x>.+?),? (?:stattdessen|statt dessen|doch lieber|wäre besser)",
    ),
    "fr": (
        r"(?:mets|mettez|change|changez|passe|passez|décale|decale|fais|modifie|règle|regle)(?:[- ](?:le|"
        r"la|les|ça|ca))"
        r"(?: (?:plutôt|plutot))?(?: (?:à|a|en|pour|sur|de))? (?P<x>.+?)",
        r"(?:mets|mettez|fais) (?:plutôt|plutot) (?P<x>.+?)",
        r"(?:je )?(?:voulais dire|voulais|parlais de|veux dire|ai dit) (?P<x>.+?)",
        r"pas .+?[,;]? (?:mais|plutôt|plutot) (?P<x>.+?)",
        r"(?:plutôt|plutot|mieux) (?P<x>.+?)",
        r"(?P<x>.+?),? (?:plutôt|plutot|à la place|a la place)(?: de .+)?",
    ),
}
# only with a word of contradiction in front is a bare value a correction: "no, ten"
_CONTRADICTED = {
    "en": r"^(?:no|nope|sorry|oops|wait|actually)[, .!]+(?:(?:sorry|wait|actually|i meant|make it)[, ]+)*(?P<x>.+?)",
    "de": (
        r"^(?:nein|ne|nee|halt|sorry|warte|quatsch|ups|stopp)[, .!]+(?:(?:sorry|warte|doch|lieber|"
        r"ich meinte)[, ]+)*(?P<x>.+?)"
    ),
    "fr": (
        r"^(?:non|pardon|oups|attends|mince|désolée?|en fait)[, .!]+(?:(?:pardon|plut[oô]t|"
        r"je voulais dire)[, ]+)*(?P<x>.+?)"
    ),
}
_ADDITIONS = {
    "en": (
        r"(?:and |also |plus )?(?:set |start |add |make |give me )?(?:another|one more|a second|"
        r"a further|also a|also one)"
        r"(?: one| timer| alarm| reminder)?(?P<x>(?: .+?)?)",
        r"(?:and|also|plus|then) (?:also )?(?:set |add |put |do )?(?:one|the same|same)(?: thing| again)?(?P<x> .+?)",
        r"(?:and|also|plus|oh and)(?: also| what about| how about)? (?P<x>.+?)",
        r"(?:what about|how about) (?P<x>.+?)",
        r"(?P<x>.+?) (?:too|as well|also)",
    ),
    "de": (
        r"(?:und |auch )?(?:stell |mach |setz |starte )?(?:noch|auch|und) (?:noch )?(?:einen|eine|eins|einer|ein)"
        r"(?: weiteren| weitere| weiteres| zweiten| timer| wecker| erinnerung| weiterer)*(?P<x>(?: .+?)?)",
        r"(?:und |auch )?(?:dasselbe|das gleiche|das selbe|genauso)(?: nochmal| noch mal)?(?: bitte)?(?P<x> .+?)",
        r"(?:und|außerdem|dazu|plus)(?: auch| noch| wie ist es| wie steht es| was ist)*(?: mit)? (?P<x>.+?)",
        r"(?:noch|auch(?: noch)?) (?P<x>.+?)",
        r"(?P<x>.+?) (?:auch|auch noch|ebenfalls)",
    ),
    "fr": (
        r"(?:et |aussi )?(?:mets(?:-moi| m'en)?|ajoute|fais|lance)? ?(?:encore|aussi)? ?(?:une? autre|"
        r"en un autre|en une autre|encore une?|un deuxième|une deuxième)"
        r"(?: minuteur| minuterie| alarme| réveil| rappel)?(?P<x>(?: .+?)?)",
        r"(?:et |aussi )?(?:la même chose|pareil|idem|le même|la même)(?P<x> .+?)",
        r"(?:et|aussi|plus|ainsi que)(?: aussi| encore)* (?P<x>.+?)",
        r"(?P<x>.+?) (?:aussi|également|egalement)",
    ),
}
_RETRACTIONS = {
    "en": (
        r"(?:no )?(?:cancel|undo|delete|stop|remove|scrap|revert|forget) (?:it|that|this|that again|"
        r"it again|the last one)",
        r"(?:no,? )?(?:that's|that is|that was) (?:wrong|not right|not what i (?:said|meant|wanted))",
        r"never ?mind",
        r"(?:no,? )?(?:i )?(?:didn't|did not|don't|do not) (?:want|mean|need|say) (?:that|it|this)(?: any ?more)?",
    ),
    "de": (
        r"(?:nein )?(?:lösch|lösche|stopp|stoppe|entfern|entferne|vergiss|streich|streiche) (?:das|es|"
        r"ihn|sie|den|die)(?: wieder)?",
        r"(?:brich|breche) (?:das|es|ihn|sie) (?:wieder )?ab",
        r"(?:nein )?das (?:war|ist) (?:falsch|nicht richtig|verkehrt|nicht was ich (?:meinte|wollte))",
        r"(?:doch nicht|lass es|lass mal|schon gut|vergiss es|nicht so)",
        r"(?:nein )?das (?:wollte|meinte|brauche) ich (?:doch )?(?:gar )?nicht(?: mehr)?",
    ),
    "fr": (
        r"(?:non )?(?:annule|supprime|enlève|enleve|efface|arrête|arrete|oublie)(?:[- ](?:le|la|les|ça|ca))?",
        r"(?:non )?(?:c'est|c'était|ce n'est|c'est pas) (?:faux|pas ça|pas ca|une erreur|"
        r"pas ce que (?:je voulais|j'ai dit))",
        r"laisse tomber|laissez tomber|oublie ça",
        r"(?:non )?je (?:n'en veux|ne voulais|voulais|n'ai|ne veux) pas (?:ça|ca|plus|besoin)?",
    ),
}
_REPEATS = {
    "en": (
        r"(?:and )?(?:once more|one more time|(?:do (?:it|that) |the same (?:thing )?|same )?again|repeat(?: that)?)",
    ),
    "de": (r"(?:und )?(?:noch ?(?:ein)?mal|das ?selbe noch ?mal|nochmal das gleiche|wiederhol(?:e)?(?: das)?)",),
    "fr": (r"(?:et )?(?:encore(?: une fois)?|refais(?:-le)?|la même chose|répète|repete|pareil)",),
}
_LABELS = {
    "en": r"^(?:one )?(?:for|called|named|labelled|labeled) (?:the |my |our |a |an )?(?P<x>[^\d]+?)$",
    "de": (
        r"^(?:einen |eine |eins )?(?:für|fuer|namens|mit namen) (?:den |die |das |mein(?:en|e)? |"
        r"unser(?:en|e)? )?(?P<x>[^\d]+?)$"
    ),
    "fr": r"^(?:une? )?(?:pour|appelée?|nommée?) (?:les? |la |l'|mes |mon |ma |nos )?(?P<x>[^\d]+?)$",
}
_AT = {"en": "at", "de": "um", "fr": "à"}
_INTO = {"en": "in", "de": "in", "fr": "en"}
_OFFER = {
    "en": "Say “undo that” to take it back.",
    "de": "Mit „mach das rückgängig“ nimmst du es zurück.",
    "fr": "Dis « annule ça » pour revenir en arrière.",
}
_CHATTER = {
    "en": "i you we he she they it is are was were do does did will would can could should thanks thank nothing never"
    " now then what why who how when where so maybe wait stop done fine good great later not don't please that this"
    " right wrong yes yeah no nope really sure think know want need like tell me my your if because",
    "de": "ich du wir er sie es ihr ist sind war waren hat habe haben mach machen will würde kann könnte danke nichts"
    " nie jetzt dann was warum wer wie wann wo so vielleicht warte stopp fertig gut toll später nicht bitte das dies"
    " richtig falsch ja nein wirklich sicher glaube weiß mir mein dein wenn weil doch schon",
    "fr": "je j'ai tu toi il elle on nous vous ils est sont était ai as a avons fais fait veux peux voudrais merci rien"
    " jamais maintenant alors quoi pourquoi qui comment quand où donc peut-être attends stop fini bien bon super tard"
    " pas ça ca vrai faux oui non vraiment sûr crois sais me moi mon ton si parce que c'est",
}


@cache
def phrases(tag: str) -> Phrases:
    """Return the phrases of a language of `languages.TAGS`; they are compiled when it is first asked for."""
    lead, end = _LEAD[tag], _END[tag]

    def whole(*bodies: str) -> tuple[Pattern[str], ...]:
        return tuple(re.compile(rf"{lead}{body}{end}") for body in bodies)

    return Phrases(
        corrections=(*whole(*_CORRECTIONS[tag]), re.compile(_CONTRADICTED[tag] + end)),
        additions=whole(*_ADDITIONS[tag]),
        retractions=whole(*_RETRACTIONS[tag]),
        repeats=whole(*_REPEATS[tag]),
        label=re.compile(_LABELS[tag]),
        at=_AT[tag],
        into=_INTO[tag],
        offer=_OFFER[tag],
        chatter=frozenset(_CHATTER[tag].split()),
    )
