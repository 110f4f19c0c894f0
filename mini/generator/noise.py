"""What keyboards and mouths do to a sentence: typos, lost words, lost apostrophes, fillers, stray punctuation."""

from __future__ import annotations

import random

from mini.generator.grammar import CLOSE, OPEN
from mini.generator.tongue import Noise


def noisy(text: str, rng: random.Random, question: bool, noise: Noise) -> str:
    """Return the sentence (spans still marked) as somebody might have typed or dictated it."""
    if rng.random() < 0.30:
        text = text.replace("'", "")
    if rng.random() < 0.12:
        text = noise.plain(text)
    words = text.split()
    if rng.random() < 0.10:
        words = _dropped(words, rng, noise)
    if rng.random() < 0.05:
        words.insert(rng.randint(0, len(words)), rng.choice(noise.fillers))
    if rng.random() < 0.05:
        words = [noise.short.get(w, w) if rng.random() < 0.6 else w for w in words]
    for _ in range(rng.choices([0, 1, 2], [86, 11, 3])[0]):
        at = rng.randrange(len(words))
        words[at] = _typo(words[at], rng, noise)
    text = " ".join(words)
    if rng.random() < 0.25:
        text = text.replace(",", "")
    pick = rng.random()
    if pick < 0.25:
        text += "?" if question else "."
    elif pick < 0.28:
        text += rng.choice(["!", "..", "?", " ?", ".", "!!"])
    return text


def _dropped(words: list[str], rng: random.Random, noise: Noise) -> list[str]:
    places = [i for i, w in enumerate(words) if w in noise.droppable]
    if not places or len(words) < 4:
        return words
    gone = rng.choice(places)
    return words[:gone] + words[gone + 1 :]


def _typo(word: str, rng: random.Random, noise: Noise) -> str:
    # a word that carries a mark or a digit stays whole
    if len(word) < 4 or OPEN in word or CLOSE in word or not word.replace("'", "").isalpha():
        return word
    at = rng.randrange(len(word) - 1)
    pick = rng.random()
    if pick < 0.3:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if pick < 0.6:
        return word[:at] + word[at + 1 :]
    if pick < 0.8:
        return word[:at] + word[at] + word[at:]
    return word[:at] + rng.choice(noise.neighbours.get(word[at], word[at])) + word[at + 1 :]
