"""What a box without a larger model answers to hello, thanks and "what can you do", in the language it was said in.

Whole messages only: "hello, what is the capital of Peru" asks for more than manners.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Courtesy(StrEnum):
    """What a message is, when it is nothing but manners."""

    HELLO = "hello"
    THANKS = "thanks"
    BYE = "bye"
    ABILITIES = "abilities"


_SAID: Final[Mapping[str, Mapping[Courtesy, str]]] = {
    "en": {
        Courtesy.HELLO: "hello|hi|hey|hi there|hello there|hey there|good morning|good afternoon|good evening"
        "|how are you|hi how are you|hello how are you",
        Courtesy.THANKS: "thanks|thank you|thanks a lot|thank you very much|many thanks|great thanks|ok thanks|cheers",
        Courtesy.BYE: "bye|goodbye|good bye|bye bye|see you|see you later|good night",
        Courtesy.ABILITIES: "help|what can you do|what can i ask you|what can i say|what do you do|who are you"
        "|what are you",
    },
    "de": {
        Courtesy.HELLO: "hallo|servus|moin|grüß dich|grüß gott|guten morgen|guten tag|guten abend|wie geht es dir"
        "|wie geht's|hallo wie geht es dir|hallo wie geht's|na du",
        Courtesy.THANKS: "danke|danke schön|dankeschön|vielen dank|danke dir|besten dank|super danke|ok danke",
        Courtesy.BYE: "tschüss|tschüs|auf wiedersehen|bis später|bis bald|bis morgen|gute nacht",
        Courtesy.ABILITIES: "hilfe|was kannst du|was kannst du alles|was kann ich dich fragen|was kann ich sagen"
        "|wer bist du|was bist du",
    },
    "fr": {
        Courtesy.HELLO: "bonjour|salut|coucou|bonsoir|ça va|comment ça va|comment vas tu|bonjour comment ça va"
        "|salut ça va",
        Courtesy.THANKS: "merci|merci beaucoup|merci bien|un grand merci|super merci|ok merci",
        Courtesy.BYE: "au revoir|à plus|à plus tard|à bientôt|à demain|bonne nuit|bonne soirée",
        Courtesy.ABILITIES: "aide|que peux tu faire|que sais tu faire|qu'est ce que tu peux faire"
        "|qu'est ce que tu sais faire|qui es tu|tu fais quoi",
    },
}
_WORDS: Final[Mapping[str, Mapping[Courtesy, str]]] = {
    "en": {Courtesy.HELLO: "Hello!", Courtesy.THANKS: "You're welcome.", Courtesy.BYE: "Until later."},
    "de": {Courtesy.HELLO: "Hallo!", Courtesy.THANKS: "Gern geschehen.", Courtesy.BYE: "Bis später."},
    "fr": {Courtesy.HELLO: "Bonjour !", Courtesy.THANKS: "Avec plaisir.", Courtesy.BYE: "À plus tard."},
}
_PHRASES: Final[Mapping[str, tuple[Courtesy, str]]] = {
    phrase: (courtesy, language)
    for language, said in _SAID.items()
    for courtesy, phrases in said.items()
    for phrase in phrases.split("|")
}
_LONGEST: Final = max(map(len, _PHRASES)) + 20  # characters; nothing longer is looked at
_APART: Final = re.compile(r"[\s,.!?;:\-]+")


def courtesy_in(message: str) -> tuple[Courtesy, str] | None:
    """Return what kind of courtesy `message` is, and in which language; None when it wants more than that."""
    if len(message) > _LONGEST:
        return None
    return _PHRASES.get(_APART.sub(" ", message.replace("’", "'")).strip().lower())


def answered(courtesy: Courtesy, language: str) -> str:
    """Return the words that answer `courtesy`; empty where only the abilities are asked for."""
    return _WORDS[language].get(courtesy, "")
