"""When two names of a list, two items or a note and a search mean the same. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

_ARTICLES: Final = re.compile(r"^(?:the|my|our|a|an|some|this)\s+")
# Words that say nothing of what a note is about.
_STOP_WORDS: Final = frozenset(
    re.findall(
        r"\w+",
        "a about an and are did do for have i in is it me my note notes of on or our said say that the this to was"
        " what when where which with wrote",
    )
)
_SAME_LIST: Final = {"todo": "to-do", "to do": "to-do", "todos": "to-do", "to-dos": "to-do", "to dos": "to-do"}


def folded(text: str) -> str:
    """Return text as it is compared: no case, accents, punctuation at the ends or doubled spaces."""
    plain = text
    for _ in range(2):  # taking a letter apart can bring up one that still has a case (Unicode 3.13, D146)
        plain = unicodedata.normalize("NFKD", plain.casefold())
    plain = "".join(one for one in plain if not unicodedata.combining(one))
    return " ".join(plain.split()).strip(" .,;:!?\"'“”")


def list_name(text: str) -> str:
    """Return the one name of a list: "The Shopping List" is shopping. Empty when nothing is left."""
    name = folded(text)
    while (shorter := _shorter(name)) != name:
        name = shorter
    return _SAME_LIST.get(name, name)


def _shorter(name: str) -> str:
    bare = _ARTICLES.sub("", name)
    return folded(re.sub(r"\s+lists?$", "", bare) or bare)


def item_key(text: str) -> str:
    """Return an item as it is compared: "The Eggs" is eggs."""
    key = folded(text)
    return _ARTICLES.sub("", key) or key


def singular(key: str) -> str:
    """Return a key without an English plural ending, for comparing only."""
    for ending, replacement in (("ies", "y"), ("oes", "o"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("s", "")):
        if key.endswith(ending) and len(key) > len(ending) + 1 and not key.endswith("ss"):
            return key[: -len(ending)] + replacement
    return key


def find_item(keys: Sequence[str], wanted: str) -> list[int]:
    """Return the places of the items that `wanted` means: the same, else the same but for a plural, else those that
    contain all its words. More than one place means that the wish is not clear."""
    key = item_key(wanted)
    for same in (lambda one: one == key, lambda one: singular(one) == singular(key)):
        if places := [place for place, one in enumerate(keys) if same(one)]:
            return places
    return [place for place, one in enumerate(keys) if key and contains_words(one, key.split())]


def contains_words(text: str, words: Iterable[str]) -> bool:
    """Tell whether each of `words` begins a word of `text`; both are folded already."""
    parts = re.findall(r"\w+", text)
    return all(any(part.startswith(word) for part in parts) for word in words)


def search_words(query: str) -> list[str]:
    """Return the words of a search that say something."""
    words = re.findall(r"\w+", folded(query))
    telling = [word for word in words if word not in _STOP_WORDS]
    return telling or words
