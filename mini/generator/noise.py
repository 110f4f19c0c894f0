"""What keyboards and mouths do to a sentence: typos, lost words, lost apostrophes, fillers, stray punctuation."""

from __future__ import annotations

import random
import re

from mini.generator.grammar import CLOSE, OPEN

_NEIGHBOURS = {
    "a": "sq",
    "b": "vn",
    "c": "xv",
    "d": "sf",
    "e": "wr",
    "f": "dg",
    "g": "fh",
    "h": "gj",
    "i": "uo",
    "j": "hk",
    "k": "jl",
    "l": "k",
    "m": "n",
    "n": "bm",
    "o": "ip",
    "p": "o",
    "q": "wa",
    "r": "et",
    "s": "ad",
    "t": "ry",
    "u": "yi",
    "v": "cb",
    "w": "qe",
    "x": "zc",
    "y": "tu",
    "z": "x",
}
_DROPPABLE = {"a", "the", "my", "an", "of", "me", "is", "to", "for", "on", "please", "do", "that", "it"}
_FILLERS = ("um", "uh", "like", "er", "well", "actually", "just", "maybe", "quickly", "also", "again", "then")
_SHORT = {
    "please": "pls",
    "you": "u",
    "tomorrow": "tmrw",
    "are": "r",
    "for": "4",
    "minutes": "mins",
    "what": "wat",
    "and": "n",
    "to": "2",
    "going to": "gonna",
    "want to": "wanna",
    "because": "cuz",
    "okay": "k",
    "the": "teh",
    "reminder": "reminde",
    "grocery": "grocry",
    "groceries": "grocerys",
    "alarm": "alram",
    "shopping": "shoping",
    "tonight": "2nite",
    "calculate": "caculate",
    "remind": "remnd",
    "timer": "tiemr",
    "cancel": "cancle",
    "minute": "miniute",
    "celsius": "celcius",
    "fahrenheit": "farenheit",
    "list": "lsit",
}


def noisy(text: str, rng: random.Random, question: bool) -> str:
    """Return the sentence (spans still marked) as somebody might have typed or dictated it."""
    if rng.random() < 0.30:
        text = text.replace("'", "")
    words = text.split()
    if rng.random() < 0.10:
        words = _dropped(words, rng)
    if rng.random() < 0.05:
        words.insert(rng.randint(0, len(words)), rng.choice(_FILLERS))
    if rng.random() < 0.05:
        words = [_SHORT.get(w, w) if rng.random() < 0.6 else w for w in words]
    for _ in range(rng.choices([0, 1, 2], [86, 11, 3])[0]):
        at = rng.randrange(len(words))
        words[at] = _typo(words[at], rng)
    text = " ".join(words)
    if rng.random() < 0.25:
        text = text.replace(",", "")
    pick = rng.random()
    if pick < 0.25:
        text += "?" if question else "."
    elif pick < 0.28:
        text += rng.choice(["!", "..", "?", " ?", ".", "!!"])
    return text


def _dropped(words: list[str], rng: random.Random) -> list[str]:
    places = [i for i, w in enumerate(words) if w in _DROPPABLE]
    if not places or len(words) < 4:
        return words
    gone = rng.choice(places)
    return words[:gone] + words[gone + 1 :]


def _typo(word: str, rng: random.Random) -> str:
    # a word that carries a mark or a digit stays whole
    if len(word) < 4 or OPEN in word or CLOSE in word or not re.fullmatch(r"[a-z']+", word):
        return word
    at = rng.randrange(len(word) - 1)
    pick = rng.random()
    if pick < 0.3:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if pick < 0.6:
        return word[:at] + word[at + 1 :]
    if pick < 0.8:
        return word[:at] + word[at] + word[at:]
    return word[:at] + rng.choice(_NEIGHBOURS.get(word[at], word[at])) + word[at + 1 :]
