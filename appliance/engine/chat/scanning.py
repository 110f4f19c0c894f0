"""Finds the end of a tool call in a text that grows, for each way to write one.

`feed` gets the whole text each time and looks at nothing twice: a model writes a call token by token, and a long
argument would otherwise cost the square of its length.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

_SPACE: Final = re.compile(r"\s*")
_FUNCTION: Final = re.compile(r"<function=[^>\n]{1,128}>")
_PARAMETER: Final = re.compile(r"<parameter=[^>\n]{1,128}>")
_PARAMETER_END: Final = "</parameter>"
_FUNCTION_END: Final = "</function>"


class CallScanner(Protocol):
    """Serves one call."""

    def feed(self, text: str) -> int | None:
        """Return the index behind the call that begins the text (after white space), None if it is not whole."""


class ObjectScanner:
    """A JSON object."""

    def __init__(self) -> None:
        self._at = 0
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self.started = False

    def feed(self, text: str) -> int | None:
        while self._at < len(text):
            character = text[self._at]
            if not self.started and character != "{":
                if not character.isspace():
                    return None
                self._at += 1
                continue
            self._at += 1
            self.started = True
            if self._take(character):
                return self._at
        return None

    def _take(self, character: str) -> bool:
        """Return whether this character closes the object."""
        if self._in_string:
            if self._escaped:
                self._escaped = False
            elif character == "\\":
                self._escaped = True
            elif character == '"':
                self._in_string = False
            return False
        if character == '"':
            self._in_string = True
        elif character in "{[":
            self._depth += 1
        elif character in "}]":
            self._depth -= 1
            return self._depth == 0
        return False


class CoderScanner:
    """`<function=NAME>`, parameters, `</function>`. A value ends with the first `</parameter>`, whatever it holds."""

    def __init__(self) -> None:
        self._at = 0
        self._begun = False
        self._in_value = False

    def feed(self, text: str) -> int | None:
        while True:
            if self._in_value and not self._skip_value(text):
                return None
            if (space := _SPACE.match(text, self._at)) is not None:
                self._at = space.end()
            if self._begun and text.startswith(_FUNCTION_END, self._at):
                return self._at + len(_FUNCTION_END)
            opening = (_PARAMETER if self._begun else _FUNCTION).match(text, self._at)
            if opening is None:
                return None
            self._at = opening.end()
            self._begun, self._in_value = True, self._begun

    def _skip_value(self, text: str) -> bool:
        end = text.find(_PARAMETER_END, self._at)
        if end < 0:
            self._at = max(self._at, len(text) - len(_PARAMETER_END) + 1)
            return False
        self._at, self._in_value = end + len(_PARAMETER_END), False
        return True


class PythonScanner:
    """`name(…)`, with strings and brackets as in Python."""

    def __init__(self) -> None:
        self._at = 0
        self._depth = 0
        self._quote = ""
        self._escaped = False

    def feed(self, text: str) -> int | None:
        while self._at < len(text):
            character = text[self._at]
            self._at += 1
            if self._quote:
                closes = character == self._quote and not self._escaped
                self._escaped = character == "\\" and not self._escaped
                self._quote = "" if closes else self._quote
            elif character in "\"'":
                self._quote = character
            elif character in "([{":
                self._depth += 1
            elif character in ")]}":
                self._depth -= 1
                if self._depth <= 0:
                    return self._at
        return None


class GemmaScanner:
    """`call:NAME{…}`, where a string stands between two of the same mark."""

    def __init__(self, quote: str) -> None:
        self._mark = quote
        self._at = 0
        self._depth = 0
        self._in_string = False

    def feed(self, text: str) -> int | None:
        while self._at < len(text):
            if self._in_string:
                close = text.find(self._mark, self._at)
                if close < 0:
                    self._at = max(self._at, len(text) - len(self._mark) + 1)
                    return None
                self._at, self._in_string = close + len(self._mark), False
                continue
            if text.startswith(self._mark, self._at):
                self._at, self._in_string = self._at + len(self._mark), True
                continue
            if len(text) - self._at < len(self._mark) and self._mark.startswith(text[self._at :]):
                return None  # it may become a mark
            character = text[self._at]
            self._at += 1
            self._depth += (character in "{[") - (character in "}]")
            if self._depth == 0 and character == "}":
                return self._at
        return None
