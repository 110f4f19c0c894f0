"""The form in which both models read a sentence, and the words from which spans are copied."""

from __future__ import annotations

import re
import unicodedata

MAX_CHARS = 400  # longer requests are for a larger model
MAX_WORDS = 70

_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": ".", "\u00a0": " "})


def clean(text: str) -> str:
    """Return the sentence with plain quotes and single spaces, case kept; control characters become spaces."""
    plain = unicodedata.normalize("NFC", text).translate(_QUOTES)
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]", " ", plain).split())


def lowered(words: list[str]) -> list[str]:
    """Return the words in lower case, one for one. A few capitals have longer lower forms: they stay one word."""
    return [" ".join(word.lower().split()) or word for word in words]
