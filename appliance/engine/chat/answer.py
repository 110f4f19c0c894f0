"""Reads an answer as it grows: visible text, thinking and complete tool calls, across any cut of the text."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from appliance.engine.chat.formats import (
    CLOSING,
    FENCE_END,
    OPENING,
    PYTHON_TAG,
    THINK_CLOSING,
    THINK_OPENING,
    Offer,
    ToolFormat,
)
from appliance.engine.chat.reading import Wish as Wish  # callers know it from here
from appliance.engine.chat.reading import call_reader
from appliance.engine.chat.text import held_back


@dataclass(frozen=True, slots=True)
class Visible:
    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    text: str


Piece: TypeAlias = Visible | Thought | Wish


class _State(enum.Enum):
    START = enum.auto()  # nothing but white space so far
    TEXT = enum.auto()
    THINKING = enum.auto()
    CALL = enum.auto()


class AnswerReader:
    """Feed it text, it yields pieces. `offer` None: no calls are looked for."""

    def __init__(self, offer: Offer | None, *, thinking_open: bool = False) -> None:
        self._form = offer.form if offer is not None else None
        self._reader = call_reader(offer) if offer is not None else None
        self._state = _State.THINKING if thinking_open else _State.START
        self._pending = ""
        self._between = _between(self._form)
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
        return (self._form.opening,) if self._form is not None and self._form.opening else ()

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
        if self._reader is None or not self._skip_between():
            return
        end = self._reader.end(self._pending)
        if end is None:
            return
        document, self._pending = self._pending[:end], self._pending[end:]
        if (wish := self._reader.read(document.strip())) is not None:
            self.calls += 1
            yield wish

    def _skip_between(self) -> bool:
        """Drop what stands between calls: white space, closing and opening marks. True where a call begins."""
        text = self._pending = self._pending.lstrip(_SPACES)
        for mark in self._between:
            if text.startswith(mark):
                self._pending = text[len(mark) :]
                if mark == FENCE_END:
                    self._state = _State.TEXT
                return False
        if not text or any(mark.startswith(text) for mark in self._between):
            return False
        if self._reader is not None and self._reader.begins(text):
            return True
        self._state = _State.TEXT  # only an unbound model does this
        return False


_SPACES = " \t\r\n"


def _between(form: ToolFormat | None) -> tuple[str, ...]:
    if form is None:
        return ()
    if form is ToolFormat.LLAMA3:
        return (";", PYTHON_TAG)
    if (marks := form.marks) is not None:
        return (marks.opening, marks.closing)
    if form is ToolFormat.GEMMA3:
        return (FENCE_END,)
    if form is ToolFormat.MISTRAL:
        return ("[", ",", "]", form.opening)
    return (form.opening,) if form is ToolFormat.MISTRAL_ARGS else (CLOSING, OPENING)
