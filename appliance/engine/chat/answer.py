"""Reads an answer as it grows: visible text, thinking and complete tool calls, across any cut of the text."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from appliance.engine.chat.formats import (
    CLOSING,
    OPENING,
    PYTHON_TAG,
    THINK_CLOSING,
    THINK_OPENING,
    ToolFormat,
)
from appliance.engine.chat.text import held_back


@dataclass(frozen=True, slots=True)
class Visible:
    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    text: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A complete tool call."""

    name: str
    arguments: dict[str, Any]


Piece: TypeAlias = Visible | Thought | Wish


class _State(enum.Enum):
    START = enum.auto()  # nothing but white space so far
    TEXT = enum.auto()
    THINKING = enum.auto()
    CALL = enum.auto()


class AnswerReader:
    """Feed it text, it yields pieces. `form` None: no calls are looked for."""

    def __init__(self, form: ToolFormat | None, *, thinking_open: bool = False) -> None:
        self._form = form
        self._state = _State.THINKING if thinking_open else _State.START
        self._pending = ""
        self._scanner = ObjectScanner()
        self.calls = 0

    def feed(self, text: str) -> Iterator[Piece]:
        """Yield what is certain after `text`."""
        self._pending += text
        while True:
            before = (self._state, len(self._pending))
            yield from self._step()
            if (self._state, len(self._pending)) == before or not self._pending:
                return

    def finish(self) -> Iterator[Piece]:
        """Yield what was held back. An incomplete call is dropped: half a wish is none."""
        rest, self._pending = self._pending, ""
        if rest and self._state in (_State.START, _State.TEXT):
            yield Visible(rest)
        elif rest and self._state is _State.THINKING:
            yield Thought(rest)

    def _step(self) -> Iterator[Piece]:
        if self._state is _State.START:
            yield from self._start()
        elif self._state is _State.TEXT:
            yield from self._until(self._openings(), _State.CALL)
        elif self._state is _State.THINKING:
            yield from self._thinking()
        else:
            yield from self._call()

    def _openings(self) -> tuple[str, ...]:
        return (OPENING,) if self._form in (ToolFormat.HERMES, ToolFormat.PLAIN) else ()

    def _start(self) -> Iterator[Piece]:
        text = self._pending.lstrip()
        if not text:
            return
        if self._form is ToolFormat.LLAMA3 and text[0] == "{":
            self._state = _State.CALL
            return
        marks = (
            THINK_OPENING,
            *self._openings(),
            *((PYTHON_TAG,) if self._form is ToolFormat.LLAMA3 else ()),
        )
        for mark in marks:
            if text.startswith(mark):
                self._pending = text[len(mark) :]
                self._state = _State.THINKING if mark == THINK_OPENING else _State.CALL
                return
        if not any(mark.startswith(text) for mark in marks):
            self._state = _State.TEXT
        yield from ()

    def _thinking(self) -> Iterator[Piece]:
        # an opened call wins, as it does in the grammar, which knows nothing of thinking
        marks = (THINK_CLOSING, *self._openings())
        found = sorted((at, mark) for mark in marks if (at := self._pending.find(mark)) >= 0)
        if not found:
            cut = len(self._pending) - held_back(self._pending, marks)
            thought, self._pending = self._pending[:cut], self._pending[cut:]
        else:
            at, mark = found[0]
            thought, self._pending = self._pending[:at], self._pending[at + len(mark) :]
            self._state = _State.START if mark == THINK_CLOSING else _State.CALL
        if thought:
            yield Thought(thought)

    def _until(self, marks: tuple[str, ...], state: _State) -> Iterator[Piece]:
        found = sorted((at, mark) for mark in marks if (at := self._pending.find(mark)) >= 0)
        if found:
            at, mark = found[0]
            shown, self._pending = self._pending[:at], self._pending[at + len(mark) :]
            self._state = state
        else:
            cut = len(self._pending) - held_back(self._pending, marks)
            shown, self._pending = self._pending[:cut], self._pending[cut:]
        if shown:
            yield Visible(shown)

    def _call(self) -> Iterator[Piece]:
        end = self._scanner.feed(self._pending)
        if end is None:
            self._skip_between()
            return
        document, self._pending = self._pending[:end], self._pending[end:]
        self._scanner = ObjectScanner()
        if (wish := _wish(document.strip(), self._form)) is not None:
            self.calls += 1
            yield wish

    def _skip_between(self) -> None:
        """Drop what stands between calls: white space, closing and opening marks, semicolons."""
        if self._scanner.started:
            return
        text = self._pending.lstrip(" \t\r\n;")
        marks = (CLOSING, OPENING)
        for mark in marks:
            if text.startswith(mark):
                self._pending = text[len(mark) :]
                self._scanner = ObjectScanner()
                return
        if text and text[0] != "{" and not any(mark.startswith(text) for mark in marks):
            self._state = _State.TEXT  # only an unbound model does this
        self._pending = text
        self._scanner = ObjectScanner()


class ObjectScanner:
    """Finds the end of a JSON object in a text that grows, without parsing it again each time."""

    def __init__(self) -> None:
        self._at = 0
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self.started = False

    def feed(self, text: str) -> int | None:
        """Return the index behind the object that begins the text (after white space), None if it is not whole.

        `text` is the whole text each time; what was scanned before is not scanned again.
        """
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


def _wish(document: str, form: ToolFormat | None) -> Wish | None:
    """Return the call that a JSON object stands for, None if it is none (only an unbound model writes such)."""
    try:
        value = json.loads(document)
    except (ValueError, RecursionError):
        return None
    key = form.arguments_key if form is not None else "arguments"
    name, arguments = value.get("name"), value.get(key, {})
    if not isinstance(name, str) or not isinstance(arguments, dict):
        return None
    return Wish(name, arguments)
