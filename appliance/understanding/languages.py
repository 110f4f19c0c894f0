"""The languages of homarus-mini: what a language's package must offer to the shared builders, and which there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from re import Pattern

from appliance.understanding.measure import Conversion
from appliance.understanding.refusals.groups import Refusal
from appliance.understanding.said import Said
from appliance.understanding.tokens import Found, Tokens

TAGS = ("en", "de", "fr")


@dataclass(frozen=True, slots=True)
class HomeWords:
    """The words of volume, media and light. Patterns are searched in the lower-case sentence."""

    up: Pattern[str]
    down: Pattern[str]
    much: Pattern[str]
    little: Pattern[str]
    most: Pattern[str]
    least: Pattern[str]
    half: Pattern[str]
    by: Pattern[str]  # searched in the text before a number: it is then a change
    mute: Pattern[str]
    unmute: Pattern[str]
    on: Pattern[str]
    off: Pattern[str]  # asked before `on`
    colors: Mapping[str, str]  # spelling -> English name
    actions: tuple[tuple[str, Pattern[str]], ...]  # of media_control; the first that matches
    anything: Pattern[str]  # a query that names nothing: "some music"


@dataclass(frozen=True, slots=True)
class Words:
    """Words that the builders look for. Sets are compared with tokens, patterns with the lower-case sentence."""

    all: frozenset[str]
    bare: Pattern[str]  # articles and possessives in front of a copied text
    item_articles: Pattern[str]  # in front of one item of a list
    item_joint: Pattern[str]  # between two items, besides commas
    event: Pattern[str]  # a reminder that waits for something to happen cannot be kept
    others: Pattern[str]  # to remind somebody else is to send a message
    reminders: Pattern[str]
    time_hints: frozenset[str]  # about time, but no parser reads them: guessing none would lose them
    fill: frozenset[str]  # around a time, saying nothing
    shared_parts: frozenset[str]  # a day and a part of it at once: tonight
    waking: frozenset[str]
    ringing: frozenset[str]  # besides `waking`: words that stand beside the time of an alarm, not of what comes after
    date_words: frozenset[str]
    day_words: frozenset[str]  # with a time word they ask for both
    time_words: frozenset[str]
    when_ends: Callable[[str], str]  # repairs a copied date
    shopping: Pattern[str]  # mean the shopping list without naming a list
    the_list: Pattern[str]  # a list that needs no name, because there is only one that is always meant
    home: HomeWords
    default_list: str = "shopping"  # where things go when no list was named
    place: Callable[[str], str] = str  # a copied city as the tools know it: "münchen" -> "munich"
    text: Callable[[str], str] = str  # an open text without the particle in front: "d'appeler" -> "appeler"
    room: Callable[[str], str] = str  # a copied place of light: "küchenlicht" -> "küche"
    # around the copied text these words make a writing wish one for a larger model: a condition, a second step, a
    # question how it is done, words to somebody else
    veto: Pattern[str] | None = None
    refused: tuple[Refusal, ...] = ()  # further patterns over the whole sentence, each for some tools
    item_tail: Pattern[str] | None = None  # behind the items of a list, belonging to none of them
    gone_tail: Pattern[str] | None = None  # likewise, where items are taken off
    query_tail: Pattern[str] | None = None  # behind the words that a note is found by
    no_query: frozenset[str] = frozenset()  # words that find no note: the note itself, all of them
    no_text: Pattern[str] | None = None  # behind "reminder", but not what it is about
    so: frozenset[str] = frozenset()  # begin a clause that follows from the one before
    counted_from: frozenset[str] = frozenset()  # in front of a number that is no length
    after_bare: frozenset[str] = frozenset()  # may follow a number of minutes that was said without "minutes"
    compared: frozenset[str] = frozenset()  # in front of a length that is no moment: "longer than two hours"


@dataclass(frozen=True, slots=True)
class Language:
    """The parsers of one language: from its words to exact values. All are pure."""

    tag: str
    spelled: Callable[[str], str]
    durations: Callable[[Tokens], list[Found[int]]]
    stopwatch: Callable[[Tokens], int | None]
    times: Callable[[Tokens], list[Found[Said]]]
    dates: Callable[[Tokens, date], list[Found[date]]]
    repeats: Callable[[Tokens], Found[str | None] | None]
    amount: Callable[[Tokens, int], Found[Fraction] | None]
    expression: Callable[[str], str | None]
    conversion: Callable[[Tokens], Conversion | None]
    ruled: Callable[[str, str], dict[str, str]]
    list_name: Callable[[str | None, str], str | None]
    words: Words
    split: Callable[[Sequence[str]], Tokens] | None = None

    def tokens(self, words: Sequence[str]) -> Tokens:
        """Cut the words of a sentence: the common way, or the language's own."""
        return self.split(words) if self.split else Tokens.of(words, self.spelled)


@cache
def language(tag: str) -> Language:
    """Return the language of one of TAGS. Its tables are built when it is first asked for. Raises KeyError."""
    return _KNOWN[tag]()


def known(lang: str) -> str | None:
    """Return the tag of TAGS that a language tag (`de-AT`, `fr_CA`) belongs to."""
    tag = lang.lower().replace("_", "-").split("-")[0]
    return tag if tag in TAGS else None


def _english() -> Language:
    from appliance.understanding.english.language import LANGUAGE

    return LANGUAGE


def _german() -> Language:
    from appliance.understanding.german.language import LANGUAGE

    return LANGUAGE


def _french() -> Language:
    from appliance.understanding.french.language import LANGUAGE

    return LANGUAGE


_KNOWN: dict[str, Callable[[], Language]] = {"en": _english, "de": _german, "fr": _french}
