"""What a run says, for those who asked for it over HTTP: one listener on the bus, one bounded buffer per run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from appliance.events import Bus, ChatEvent
from appliance.messages import JsonObject


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended in the eyes of a chat window: final, aborted or error."""

    state: str
    fields: JsonObject


@dataclass(slots=True, eq=False)
class RunStream:
    """Text that was not read yet (joined, so it is never longer than the answer) and the end, once it is there."""

    _text: str = ""
    _told: int = 0
    _end: RunEnd | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, event: ChatEvent) -> None:
        """Take an event of the run."""
        if event.state == "delta":
            self._text += str(event.fields.get("deltaText", ""))
        elif event.state in ("final", "aborted", "error") and self._end is None:
            self._end = RunEnd(event.state, event.fields)
        else:
            return
        self._news.set()

    async def next(self, timeout_s: float) -> str | RunEnd | None:
        """Return new text, or the end after all text; None when nothing came in `timeout_s` seconds."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return None
        if self._text:
            text, self._text = self._text, ""
            self._told += len(text)
            if self._end is None:
                self._news.clear()
            return text
        return self._end

    @property
    def told(self) -> int:
        """How many characters were handed out."""
        return self._told


class RunStreams:
    """Finds the stream of a run for each chat event."""

    def __init__(self, bus: Bus) -> None:
        self._streams: dict[str, RunStream] = {}
        self._stop = bus.listen(ChatEvent, self._hear)

    def _hear(self, event: ChatEvent) -> None:
        stream = self._streams.get(event.run_id)
        if stream is not None:
            stream.put(event)

    @contextmanager
    def open(self, run_id: str) -> Iterator[RunStream]:
        """Listen to a run from before it is submitted until the block ends."""
        stream = self._streams[run_id] = RunStream()
        try:
            yield stream
        finally:
            del self._streams[run_id]

    def close(self) -> None:
        """Stop to listen."""
        self._stop()
