"""Text out of bytes that arrive in pieces: whole characters only, stop strings seen before they are shown."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class Utf8Stream:
    """Turns the bytes of tokens into text; a character split over tokens waits until it is whole."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> str:
        """Return the characters that became whole; bytes that can never be one become U+FFFD."""
        return self._decoder.decode(data)

    def flush(self) -> str:
        """Return U+FFFD for half a character that is left at the end."""
        return self._decoder.decode(b"", True)


_SURROGATES = 0xED, range(0xA0, 0xC0)  # these two bytes begin no character (RFC 3629, section 4)


class Utf8Check:
    """Tells which bytes keep a stream valid UTF-8. The grammar of llama.cpp does not."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")

    def allows(self, data: bytes) -> bool:
        """Return whether the stream stays valid with `data` behind it. Changes nothing."""
        state = self._decoder.getstate()
        try:
            self._decoder.decode(data)
            # half a surrogate is refused by the decoder only with its third byte: then no byte is left to go on with
            rest = self._decoder.getstate()[0]
            return len(rest) < 2 or rest[0] != _SURROGATES[0] or rest[1] not in _SURROGATES[1]
        except UnicodeDecodeError:
            return False
        finally:
            self._decoder.setstate(state)

    def accept(self, data: bytes) -> None:
        """Take `data`, which `allows` has approved."""
        self._decoder.decode(data)

    @property
    def whole(self) -> bool:
        """Whether no character is half done."""
        return not self._decoder.getstate()[0]


def held_back(text: str, marks: Sequence[str]) -> int:
    """Return how many characters at the end of `text` may be the beginning of one of `marks`."""
    longest = max((len(mark) for mark in marks), default=0) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(mark.startswith(text[-length:]) for mark in marks):
            return length
    return 0


class StopStrings:
    """Ends a text at the first of some strings, without ever showing a part of it."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._pending = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """Return what can be shown now. After `stopped` nothing comes any more."""
        if self.stopped or not self._stops:
            return "" if self.stopped else text
        self._pending += text
        found = [at for at in (self._pending.find(stop) for stop in self._stops) if at >= 0]
        if found:
            self.stopped = True
            shown, self._pending = self._pending[: min(found)], ""
            return shown
        cut = len(self._pending) - held_back(self._pending, self._stops)
        shown, self._pending = self._pending[:cut], self._pending[cut:]
        return shown

    def flush(self) -> str:
        """Return what was held back and turned out to be no stop string."""
        shown, self._pending = self._pending, ""
        return shown
