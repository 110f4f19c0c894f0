"""Lets what is due speak in the session that set it, exactly once, also when the gateway was down at that moment.

The mark on the row and the entry in the transcript are one transaction: after a crash it was said or is still due.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3

from appliance.agenda.model import Due
from appliance.agenda.store import AgendaStore
from appliance.dispatch.ending import tell_said
from appliance.dispatch.transcript import publish_entries
from appliance.events import AgendaChanged, Bus
from appliance.foundation.backoff import Backoff
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError, ClosedError, OverloadedError
from appliance.sessions.model import Entry
from appliance.sessions.store import SessionStore
from appliance.storage.database import Database
from appliance.storage.errors import StorageError

_log = logging.getLogger(__name__)
# A box without a clock of its own jumps at its first NTP sync: never sleep longer than this without a look.
_LOOK_S = 30.0
_LEAST_S = 0.02
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
        self._offset_ms = clock.now_ms() - clock.monotonic() * 1000
        self._rows_at_start: int | None = None
        self._rows_seen = 0

    def rearm(self) -> None:
        """Look again: something was set or cancelled."""
        self._changed.set()

    async def run(self) -> None:
        """Serve until cancelled. A failing disk is tried again with growing pauses; nothing due is dropped."""
        backoff, failures = Backoff(first_s=1, limit_s=_LOOK_S), 0
        while True:
            self._changed.clear()
            try:
                await self.look()
                next_ms = await self._agenda.next_due_ms()
                failures = 0
            except Exception as error:  # noqa: BLE001 - the timers of the box must outlive any one fault
                _log.error("what is due cannot be told: %s", error, exc_info=not isinstance(error, ApplianceError))
                next_ms = self._clock.now_ms() + int(backoff.delay_s(failures) * 1000)
                failures += 1
            wait_s = _LOOK_S if next_ms is None else min(_LOOK_S, (next_ms - self._clock.now_ms()) / 1000)
            # What is still due could not be told a moment ago: no hurry.
            await self._sleep(max(_LEAST_S, wait_s))

    async def look(self) -> int:
        """Follow the clock, then let everything that is due speak; return how much that was."""
        await self._follow_clock()
        return await self.speak_due()

    async def speak_due(self) -> int:
        """Let everything that is due speak; return how much that was. Raises StorageError and the like."""
        spoken = passed = 0
        while True:
            try:
                batch = await self._speak(_BATCH, passed)
            except (StorageError, OverloadedError, ClosedError):
                raise
            except Exception:  # noqa: BLE001 - one that cannot speak (its agent is gone, say) must not silence others
                batch = await self._speak_one(passed)
                passed += not batch
            else:
                if not batch:
                    return spoken
            for due, entry in batch:
                self._tell(due, entry)
            if batch:
                self._bus.publish(AgendaChanged())
            spoken += len(batch)

    async def _speak_one(self, passed: int) -> list[tuple[Due, Entry]]:
        try:
            return await self._speak(1, passed)
        except (StorageError, OverloadedError, ClosedError):
            raise
        except Exception as error:  # noqa: BLE001 - as above
            _log.error("one that is due cannot be told: %s", error, exc_info=not isinstance(error, ApplianceError))
            return []

    async def _speak(self, limit: int, passed: int) -> list[tuple[Due, Entry]]:
        return await self._database.write(lambda connection: self._speak_in(connection, limit, passed))

    async def _follow_clock(self) -> None:
        """Tell the agenda of a jump of the wall clock since the last look."""
        if self._rows_at_start is None:
            self._rows_at_start = self._rows_seen = await self._agenda.newest()
        now_ms = self._clock.now_ms()
        offset = now_ms - self._clock.monotonic() * 1000
        jump_ms = round(offset - self._offset_ms)
        if abs(jump_ms) >= _JUMP_MS:
            # Not what was set by the clock of an earlier start, nor what was set since the last look: whatever is set
            # makes for a look at once, so that the jump came before it.
            moved = await self._agenda.clock_jumped(jump_ms, now_ms, after=self._rows_at_start, upto=self._rows_seen)
            self._offset_ms = offset
            _log.warning("the clock jumped by %.1f s", jump_ms / 1000, extra={"timersMoved": moved})
        self._rows_seen = await self._agenda.newest()

    def _speak_in(self, connection: sqlite3.Connection, limit: int, passed: int) -> list[tuple[Due, Entry]]:
        """Say what is due, the oldest first, without the first `passed`, which failed before."""
        now_ms = self._clock.now_ms()
        found = self._agenda.due_in(connection, now_ms, limit + passed)[passed:]
        return [(due, self._say_in(connection, due, now_ms)) for due in found]

    def _say_in(self, connection: sqlite3.Connection, due: Due, now_ms: int) -> Entry:
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
        return entry

    def _tell(self, due: Due, entry: Entry) -> None:
        publish_entries(self._bus, due.agent_id, [entry])
        run_id = f"due-{due.id}-{due.due_ms}"
        tell_said(self._bus, self._clock, entry, run_id=run_id, agent_id=due.agent_id, reason="due")

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass
