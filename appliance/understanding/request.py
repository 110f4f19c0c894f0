"""One request as the argument builders see it: words, copied spans, and the moment and place it was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from appliance.understanding.languages import Language
from appliance.understanding.tokens import Tokens

_EDGES = " \t.,!?;:\"'()[]-"


@dataclass(frozen=True, slots=True)
class Request:
    """`words` keep their case; `spans` maps a key to word positions [start, end); `now` is local."""

    language: Language

    words: tuple[str, ...]
    tokens: Tokens
    spans: Mapping[str, tuple[int, int]]
    now: datetime

    @classmethod
    def of(
        cls, language: Language, words: Sequence[str], spans: Mapping[str, str], now_ms: int, zone: ZoneInfo
    ) -> Request:
        """Locate the copied words; a span that is not in the sentence is dropped."""
        low = [word.lower() for word in words]
        located = {key: place for key, text in spans.items() if (place := _place(low, text.lower().split()))}
        now = datetime.fromtimestamp(now_ms / 1000, zone)
        return cls(language, tuple(words), language.tokens(words), located, now)

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def low(self) -> str:
        return self.text.lower()

    def said(self, key: str) -> str | None:
        """Return the words of a span as they were written, without the punctuation around them."""
        place = self.spans.get(key)
        return None if place is None else self.between(*place)

    def between(self, start: int, end: int) -> str | None:
        return " ".join(self.words[start:end]).strip(_EDGES) or None

    def around(self, *keys: str) -> str:
        """Return the words that are not part of these spans, in lower case."""
        gone = {at for key in keys if key in self.spans for at in range(*self.spans[key])}
        return " ".join(word for at, word in enumerate(self.words) if at not in gone).lower()

    def outside(self, *keys: str) -> Tokens:
        """Return the tokens that are not part of these spans."""
        gone = {at for key in keys if key in self.spans for at in range(*self.spans[key])}
        kept = [n for n, origin in enumerate(self.tokens.origin) if origin not in gone]
        # a gap must not let the words on its two sides grow together
        parts: list[str] = []
        origin: list[int] = []
        for place, n in enumerate(kept):
            if place and kept[place - 1] != n - 1:
                parts.append("|")
                origin.append(-1)
            parts.append(self.tokens.parts[n])
            origin.append(self.tokens.origin[n])
        return Tokens(tuple(parts), tuple(origin))


def _place(words: Sequence[str], span: Sequence[str]) -> tuple[int, int] | None:
    """Return where the words of a span stand, [start, end); punctuation around a word does not count."""
    wanted = [word.strip(_EDGES) for word in span]
    said = [word.strip(_EDGES) for word in words]
    for at in range(len(said) - len(wanted) + 1 if any(wanted) else 0):
        if said[at : at + len(wanted)] == wanted:
            return at, at + len(wanted)
    return None
