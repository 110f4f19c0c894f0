"""Trains and applies the byte-pair vocabulary of homarus-mini (GPT-2 byte alphabet, the qwen2 way of splitting)."""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from appliance.understanding.vocabulary import CALL, CLASSES, END, KEYS, USER, key_token, tool_token
from mini.generator.corpus import Corpus
from mini.generator.tongues import TAGS, tongues

CONTROL = (END, USER, CALL, *(tool_token(t) for t in CLASSES), *(key_token(k) for k in KEYS))

# llama.cpp's "qwen2" pre-tokenizer; `_` is neither letter nor digit there
_SPLIT = re.compile(
    r"'(?:s|t|re|ve|m|ll|d)|(?:[^\r\n\w]|_)?[^\W\d_]+|\d| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    re.IGNORECASE,
)


def alphabet() -> list[str]:
    """Return GPT-2's printable character for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {byte: chr(byte) for byte in plain}
    for extra, byte in enumerate(b for b in range(256) if b not in table):
        table[byte] = chr(256 + extra)
    return [table[byte] for byte in range(256)]


_ALPHABET = alphabet()
_NEVER = 1 << 30
_EXAMPLES = 90_000


class Tokenizer:
    """Encodes plain text; control tokens are only ever reached by their id."""

    def __init__(self, merges: list[tuple[str, str]]) -> None:
        self.merges = merges
        self.tokens = [*CONTROL, *_ALPHABET, *(a + b for a, b in merges)]
        self.ids = {token: at for at, token in enumerate(self.tokens)}
        self._ranks = {pair: at for at, pair in enumerate(merges)}
        self._word = lru_cache(50_000)(self._encode_word)

    def encode(self, text: str) -> list[int]:
        return [at for piece in _SPLIT.findall(text) for at in self._word(piece)]

    def _encode_word(self, piece: str) -> tuple[int, ...]:
        return tuple(self.ids[part] for part in _merged([_ALPHABET[byte] for byte in piece.encode()], self._ranks))

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.merges, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        return cls([(a, b) for a, b in json.loads(path.read_text(encoding="utf-8"))])


def _merged(parts: list[str], ranks: Mapping[tuple[str, str], int]) -> list[str]:
    """Join neighbours by the merges, the earliest learned first."""
    while len(parts) > 1:
        rank, at = min((ranks.get((a, b), _NEVER), i) for i, (a, b) in enumerate(pairwise(parts)))
        if rank == _NEVER:
            break
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return parts


def learn(texts: list[str], size: int, known: Sequence[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """Return the merges of a vocabulary of `size` tokens, most frequent pair first, after those that are `known`."""
    counts = Counter(piece for text in texts for piece in _SPLIT.findall(text))
    words = [
        _merged([_ALPHABET[b] for b in piece.encode()], {pair: at for at, pair in enumerate(known)}) for piece in counts
    ]
    weights = list(counts.values())
    pairs: Counter[tuple[str, str]] = Counter()
    where: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for at, word in enumerate(words):
        for pair in pairwise(word):
            pairs[pair] += weights[at]
            where[pair].add(at)
    merges = list(known)
    while len(merges) + 256 + len(CONTROL) < size:
        best = max(pairs, key=lambda p: (pairs[p], p))
        merges.append(best)
        for at in list(where[best]):
            word = words[at]
            for pair in pairwise(word):
                pairs[pair] -= weights[at]
            merged, i = [], 0
            while i < len(word):
                if i + 1 < len(word) and (word[i], word[i + 1]) == best:
                    merged.append(word[i] + word[i + 1])
                    i += 2
                else:
                    merged.append(word[i])
                    i += 1
            words[at] = merged
            for pair in pairwise(merged):
                pairs[pair] += weights[at]
                where[pair].add(at)
        del pairs[best]
    return merges


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=2816)
    parser.add_argument("--known", type=Path, help="a vocabulary whose merges are kept in front")
    options = parser.parse_args()
    texts = [" " + example.text for example in Corpus(tongues(), 5).examples(_EXAMPLES)]
    known = Tokenizer.load(options.known).merges if options.known else []
    tokenizer = Tokenizer(learn(texts, options.size, known))
    tokenizer.save(options.out)
    sample = texts[:5000]
    mean = sum(len(tokenizer.encode(text)) for text in sample) / len(sample)
    print(f"tokenizer: {len(tokenizer.tokens)} tokens, {mean:.1f} per sentence, {len(TAGS)} languages")


if __name__ == "__main__":
    main()
