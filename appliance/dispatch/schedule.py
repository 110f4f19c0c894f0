"""Lets what is due speak in the session that set it, exactly once, also when the gateway was down at that moment.

The mark on the row and the entry in the transcript are one transaction: after a crash it was said or is still due.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3

from appliance.agenda.model import Due
from appliance.agenda.store import AgendaStore
from appliance.agent.report import RunReporter
from appliance.dispatch.transcript import publish_entries
from appliance.events import Bus, SessionChanged
from appliance.foundation.backoff import Backoff
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.sessions.model import Entry
from appliance.sessions.store import SessionStore
from appliance.storage.database import Database

_log = logging.getLogger(__name__)
# A box without a clock of its own jumps at its first NTP sync: never sleep longer than this without a look.
_LOOK_S = 30.0
_BATCH = 50
# What a slewing time service does within a minute stays under this; a step is above it.
_JUMP_MS = 2000


class Scheduler:
    """Sleeps until the next thing is due, then lets it speak."""

    def __init__(self, *, database: Database, store: SessionStore, agenda: AgendaStore, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._agenda = agenda
        self._bus = bus
        self._clock = clock
        self._changed = asyncio.Event()

    def rearm(self) -> None:
        """Look again: something was set or cancelled."""
        self._changed.set()

    async def run(self) -> None:
        """Serve until cancelled. A failing disk is tried again with growing pauses; nothing due is dropped."""
        backoff, failures = Backoff(first_s=1, limit_s=_LOOK_S), 0
        offset_ms = self._clock.now_ms() - self._clock.monotonic() * 1000
        while True:
            self._changed.clear()
            try:
                offset_ms = await self._follow_clock(offset_ms)
                await self.speak_due()
                next_ms = await self._agenda.next_due_ms()
                failures = 0
            except ApplianceError as error:
                _log.error("what is due cannot be told: %s", error)
                next_ms = self._clock.now_ms() + int(backoff.delay_s(failures) * 1000)
                failures += 1
            wait_s = _LOOK_S if next_ms is None else min(_LOOK_S, (next_ms - self._clock.now_ms()) / 1000)
            await self._sleep(max(0.0, wait_s))

    async def speak_due(self) -> int:
        """Let everything that is due speak; return how much that was."""
        spoken = 0
        while batch := await self._database.write(self._speak_in):
            for due, entry in batch:
                self._tell(due, entry)
            spoken += len(batch)
        return spoken

    async def _follow_clock(self, offset_ms: float) -> float:
        """Tell the agenda of a jump of the wall clock since the last look; return the new offset."""
        now_ms = self._clock.now_ms()
        offset = now_ms - self._clock.monotonic() * 1000
        jump_ms = round(offset - offset_ms)
        if abs(jump_ms) < _JUMP_MS:
            return offset_ms
        moved = await self._agenda.clock_jumped(jump_ms, now_ms)
        _log.warning("the clock jumped by %.1f s", jump_ms / 1000, extra={"timersMoved": moved})
        return offset

    def _speak_in(self, connection: sqlite3.Connection) -> list[tuple[Due, Entry]]:
        now_ms = self._clock.now_ms()
        spoken = []
        for due in self._agenda.due_in(connection, now_ms, _BATCH):
            text = due.sentence(max(0, now_ms - due.due_ms))
            message = {
                "role": "assistant",
                "content": [{"type": "text", "text": text}],
                "provider": "homarus",
                "model": "agenda",
                "stopReason": "stop",
                "timestamp": now_ms,
            }
            self._store.ensure_in(connection, due.session_key, due.agent_id, now_ms)
            (entry,) = self._store.append_in(connection, due.session_key, None, [("assistant", message, None)], now_ms)
            self._agenda.mark_spoken_in(connection, due, now_ms)
            spoken.append((due, entry))
        return spoken

    def _tell(self, due: Due, entry: Entry) -> None:
        publish_entries(self._bus, due.agent_id, [entry])
        reporter = RunReporter(
            self._bus,
            self._clock,
            run_id=f"due-{due.id}-{due.due_ms}",
            session_key=due.session_key,
            session_id=entry.session_id,
            agent_id=due.agent_id,
        )
        reporter.emit("lifecycle", {"phase": "start", "startedAt": reporter.started_ms})
        reporter.add_text(entry.message["content"][0]["text"])
        reporter.chat("final", stopReason="stop", message=reporter.message())
        reply = {"disposition": "visible", "text": reporter.text}
        reporter.emit(
            "lifecycle",
            {
                "phase": "end",
                "endedAt": entry.created_ms,
                "aborted": False,
                "stopReason": "stop",
                "terminalReply": reply,
            },
        )
        self._bus.publish(SessionChanged(due.session_key, due.agent_id, "due", reporter.run_id, entry.created_ms))

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass
