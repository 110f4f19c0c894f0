"""Server-sent events from bytes, sans-IO, with bounds (WHATWG HTML, 9.2.6 "Interpreting an event stream")."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The largest honest event is the closing one of OpenAI Responses: it repeats the whole answer.
MAX_LINE_BYTES = 4 * 1024 * 1024
MAX_EVENT_BYTES = 4 * 1024 * 1024

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class StreamTooLargeError(Exception):
    """A line or an event went past its bound; the stream cannot be trusted any further."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: `name` is empty where none was given, `data` its lines joined by line feeds."""

    name: str
    data: str


class ServerEventParser:
    """Feed it bytes as they come, however they are cut; it returns the events that are complete.

    Comments and unknown fields are skipped. A line is decoded only when it is whole, so a character that is
    cut in two survives; bytes that are not UTF-8 become U+FFFD.
    """

    def __init__(self, *, max_line_bytes: int = MAX_LINE_BYTES, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_line = max_line_bytes
        self.max_event_bytes = max_event_bytes
        self._buffer = bytearray()
        self._searched = 0  # no line end before this offset: a long line is not searched from its start again
        self._started = False
        self._name = ""
        self._data: list[str] = []
        self._event_bytes = 0

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """Take the next bytes. Raises StreamTooLargeError."""
        self._buffer += chunk
        if not self._started:
            if len(self._buffer) < len(_BOM) and _BOM.startswith(self._buffer):
                return []
            self._started = True
            if self._buffer.startswith(_BOM):
                del self._buffer[: len(_BOM)]
        return self._lines(final=False)

    def close(self) -> list[ServerEvent]:
        """Take the end of the stream. An event that lacks only its blank line counts: some end that way."""
        events = self._lines(final=True)
        if self._buffer:
            self._line(bytes(self._buffer))
            self._buffer.clear()
        return events + self._dispatch()

    def _lines(self, *, final: bool) -> list[ServerEvent]:
        events: list[ServerEvent] = []
        start = 0
        while match := _LINE_END.search(self._buffer, max(start, self._searched)):
            if match.end() == len(self._buffer) and match.group() == b"\r" and not final:
                break  # the line feed of this CR LF may still be under way
            line = bytes(self._buffer[start : match.start()])
            start = self._searched = match.end()
            if line:
                self._line(line)
            else:
                events += self._dispatch()
        del self._buffer[:start]
        # One byte back: the last one may be the CR that waits for its LF.
        self._searched = max(0, len(self._buffer) - 1)
        if len(self._buffer) > self._max_line:
            raise StreamTooLargeError(f"a line is longer than {self._max_line} bytes")
        return events

    def _line(self, line: bytes) -> None:
        if len(line) > self._max_line:
            raise StreamTooLargeError(f"a line is longer than {self._max_line} bytes")
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._event_bytes += len(value) + 1
            if self._event_bytes > self.max_event_bytes:
                raise StreamTooLargeError(f"an event is larger than {self.max_event_bytes} bytes")
            self._data.append(value.decode("utf-8", "replace"))
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")

    def _dispatch(self) -> list[ServerEvent]:
        name, data = self._name, self._data
        self._name, self._data, self._event_bytes = "", [], 0
        return [ServerEvent(name, "\n".join(data))] if data else []
