"""Tells the bus what a run does, numbered and paced."""

from __future__ import annotations

import asyncio
from typing import Any

from appliance.events import Bus, ChatEvent, RunEvent
from appliance.foundation.clock import Clock

# Chat windows redraw on each delta: at least this long between two (protocol.md 7.2).
_DELTA_PACE_S = 0.075


class RunReporter:
    """The events of one run. `seq` grows by one with each run event."""

    def __init__(
        self, bus: Bus, clock: Clock, *, run_id: str, session_key: str, session_id: str, agent_id: str
    ) -> None:
        self.run_id = run_id
        self.session_key = session_key
        self.text = ""
        self.started_ms = clock.now_ms()
        self._bus = bus
        self._clock = clock
        self._session_id = session_id
        self._agent_id = agent_id
        self._seq = 0
        self._told = 0
        self._item = 0
        self._item_start = 0
        self._last_delta_s = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._break_due = False
        self._replace = False

    def emit(self, stream: str, data: dict[str, Any]) -> None:
        """Publish one step of the run."""
        self._seq += 1
        self._bus.publish(
            RunEvent(
                self.run_id,
                self.session_key,
                self._session_id,
                self._agent_id,
                self._seq,
                stream,
                data,
                self._clock.now_ms(),
            )
        )

    def chat(self, state: str, **fields: Any) -> None:
        """Publish what a chat window shows."""
        self._bus.publish(ChatEvent(self.run_id, self.session_key, self._agent_id, self._seq, state, fields))

    def status(self, phase: str) -> None:
        """Say what the run is busy with before there is text."""
        self.emit("run_status", {"phase": phase})
        self.chat("status", phase=phase)

    def message(self) -> dict[str, Any]:
        """Return the text so far in the wire shape of a chat message."""
        return {
            "role": "assistant",
            "content": [{"type": "text", "text": self.text}],
            "timestamp": self._clock.now_ms(),
        }

    def add_text(self, delta: str) -> None:
        """Take new text; tell it now or a little later, together with what follows."""
        if self._break_due:
            self._break_due = False
            self.text += "\n\n"
            self._item_start = len(self.text)
        self.text += delta
        wait = self._last_delta_s + _DELTA_PACE_S - self._clock.monotonic()
        if wait <= 0:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait, self.flush)

    def take_back(self, characters: int) -> None:
        """Take the last characters back: they were no part of the answer. Clients hear the whole text anew."""
        if characters:
            self.text = self.text[:-characters]
            self._replace = self._told > len(self.text)
            self._told = min(self._told, len(self.text))
            if self._replace:
                self._told = 0
                self.flush()

    def next_item(self) -> None:
        """Begin a new block of text after a round of tools; an empty line will part it from the one before."""
        self.flush()
        self._item += 1
        self._break_due = bool(self.text)

    def flush(self) -> None:
        """Tell the text that was held back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        delta = self.text[self._told :]
        if not delta and not self._replace:
            return
        self._told = len(self.text)
        self._last_delta_s = self._clock.monotonic()
        item = {
            "text": self.text[self._item_start :],
            "delta": delta,
            "itemId": f"{self.run_id}:{self._item}",
        }
        replaced = {"replace": True} if self._replace else {}
        self._replace = False
        self.emit("assistant", {**item, **replaced})
        self.chat("delta", deltaText=delta, message=self.message(), **replaced)

    def close(self) -> None:
        """Drop the pending timer; nothing is told after this."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
