"""Takes out of a text what is nobody else's business: secrets, names, and anything that was said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Masked:
    """One word of a run. `begins`: a run of its own starts here."""

    text: str
    begins: bool = False


_SAID: Final = _Masked(_TEXT)


class Mask:
    """Knows what must not appear. `redact` has learned the secrets.

    Names and sentences are compared word by word, whatever stands between the words: one pass over a text, however
    many of them there are.
    """

    def __init__(self, redact: Redactor, names: Iterable[str] = (), texts: Iterable[str] = ()) -> None:
        self._redact = redact
        self._windows: set[int] = set()
        self._known: dict[str, dict[tuple[str, ...], str]] = {}
        for text in texts:
            words = _words(text)
            if len(words) < _WINDOW:
                self._learn(words, _TEXT)
            for place in range(len(words) - _WINDOW + 1):
                self._windows.add(hash(words[place : place + _WINDOW]))
        for name in names:
            self._learn(_words(name), _NAME)

    def __call__(self, text: str) -> str:
        """Return `text` with everything masked, line by line."""
        text = self._redact(text)
        for pattern, mask in _PATTERNS:
            text = pattern.sub(mask, text)
        return "\n".join(self._line(line) for line in text.split("\n"))

    def _learn(self, words: tuple[str, ...], mask: str) -> None:
        if words:
            self._known.setdefault(words[0], {})[words] = mask

    def _line(self, line: str) -> str:
        found = list(_WORD.finditer(line))
        words = tuple(word.group().lower() for word in found)
        masks = self._masks(words)
        if not any(masks):
            return line
        pieces, at = [], 0
        for place, (word, mask) in enumerate(zip(found, masks, strict=True)):
            if not mask:
                continue
            # A run of masked words is one mask: from its first word to its last.
            if mask.begins or place == 0 or masks[place - 1] is None:
                pieces += [line[at : word.start()], mask.text]
            at = word.end()
        return "".join([*pieces, line[at:]])

    def _masks(self, words: tuple[str, ...]) -> list[_Masked | None]:
        """Return for each word how it is masked, if it is."""
        masks: list[_Masked | None] = [None] * len(words)
        for place in range(len(words) - _WINDOW + 1):
            if hash(words[place : place + _WINDOW]) in self._windows:
                masks[place : place + _WINDOW] = [_SAID] * _WINDOW
        place = 0
        while place < len(words):
            known = self._known.get(words[place], {})
            count = max((len(one) for one in known if words[place : place + len(one)] == one), default=0)
            if count and not all(masks[place : place + count]):
                text = known[words[place : place + count]]
                masks[place : place + count] = [_Masked(text, True), *[_Masked(text)] * (count - 1)]
            place += max(1, count)
        return masks


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.lower()))
