"""Takes out of a text what is nobody else's business: secrets, names, and anything that was said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from appliance.telemetry.redact import Redactor

_NAME: Final = "[name]"
_TEXT: Final = "[text]"
_WINDOW: Final = 4  # words in a row: shorter runs of everyday words would hide the log itself
_WORD: Final = re.compile(r"\w+")
_PATTERNS: Final = (
    (re.compile(r"(?i)\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"), "[address]"),
    (re.compile(r"(?i)\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b"), "[hardware address]"),
    (re.compile(r"(?<![\w.])\+\d{7,15}\b"), "[number]"),
    (re.compile(r"(/(?:home|Users)/)[^/\s\"']+"), r"\1[user]"),
    (re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]+"), "[redacted]"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"), "[redacted]"),
    (
        re.compile(r"(?i)\b(ssid|psk|passphrase|wifi)([\"']?\s{0,4}[:=]\s{0,4})(\"[^\"]*\"|'[^']*'|\S+)"),
        r"\1\2[redacted]",
    ),
    # What a message quotes is a sentence of a person more often than one of a program.
    (re.compile(r"\\\"[^\"\\\n]{0,400}\s[^\"\\\n]{0,400}\\\""), rf"'{_TEXT}'"),
    (re.compile(r"(?<!\w)'(?=[^'\n]{0,40}\s)[^'\n]{12,400}'(?!\w)"), rf"'{_TEXT}'"),
)


class Mask:
    """Knows what must not appear. `redact` has learned the secrets."""

    def __init__(self, redact: Redactor, names: Iterable[str] = (), texts: Iterable[str] = ()) -> None:
        self._redact = redact
        longest = sorted({name for name in names if name.strip()}, key=len, reverse=True)
        self._names = re.compile(rf"(?i)(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)") if longest else None
        self._windows: set[int] = set()
        phrases: set[str] = set()
        for text in texts:
            words = _WORD.findall(text.lower())
            if len(words) < _WINDOW:
                phrases.add(r"\W+".join(map(re.escape, words)))
            for place in range(len(words) - _WINDOW + 1):
                self._windows.add(hash(tuple(words[place : place + _WINDOW])))
        phrases.discard("")
        self._phrases = (
            re.compile(rf"(?i)(?<!\w)(?:{'|'.join(sorted(phrases, key=len, reverse=True))})(?!\w)") if phrases else None
        )

    def __call__(self, text: str) -> str:
        """Return `text` with everything masked, line by line."""
        text = self._redact(text)
        for pattern, mask in _PATTERNS:
            text = pattern.sub(mask, text)
        if self._phrases is not None:
            text = self._phrases.sub(_TEXT, text)
        if self._windows:
            text = "\n".join(self._unsaid(line) for line in text.split("\n"))
        return text if self._names is None else self._names.sub(_NAME, text)

    def _unsaid(self, line: str) -> str:
        """Mask each run of words that somebody said, from its first word to its last."""
        words = list(_WORD.finditer(line))
        lowered = [word.group().lower() for word in words]
        said = [False] * len(words)
        for place in range(len(words) - _WINDOW + 1):
            if hash(tuple(lowered[place : place + _WINDOW])) in self._windows:
                said[place : place + _WINDOW] = [True] * _WINDOW
        if not any(said):
            return line
        pieces, at = [], 0
        for place, word in enumerate(words):
            if not said[place]:
                continue
            if place == 0 or not said[place - 1]:
                pieces += [line[at : word.start()], _TEXT]
            at = word.end()
        return "".join([*pieces, line[at:]])
