"""The hashed features of the n-gram model: word 1-3-grams and character 3-5-grams."""

from __future__ import annotations

import re
import unicodedata
from zlib import crc32

BUCKETS = 1 << 17

_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+|[^\w\s]")
_IGNORED = frozenset('.,!?;"')


def folded(text: str) -> str:
    """Return the text in lower case without accents, which come and go in typed text."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    return "".join(char for char in plain if not unicodedata.combining(char))


def tokens(text: str) -> list[str]:
    """Split text into words, numbers (as their length) and signs; closing punctuation is dropped."""
    found = _TOKEN.findall(text.lower() if text.isascii() else folded(text))
    # sums and times are told by shape, not by value; apostrophes come and go in typed text
    return ["0" * min(len(t), 3) if t.isdigit() else t.replace("'", "") for t in found if t not in _IGNORED]


def features(text: str) -> list[int]:
    """Return the sorted bucket numbers of a sentence, each once."""
    words = tokens(text)
    found: set[int] = set()
    bounded = ["<", *words, ">"]
    for size in (1, 2, 3):
        for at in range(len(bounded) - size + 1):
            found.add(crc32(("w " + " ".join(bounded[at : at + size])).encode()) % BUCKETS)
    for word in words:
        padded = f" {word} "
        for size in (3, 4, 5):
            for at in range(len(padded) - size + 1):
                found.add(crc32(("c" + padded[at : at + size]).encode()) % BUCKETS)
    return sorted(found)
