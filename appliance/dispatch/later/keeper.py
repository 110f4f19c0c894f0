"""What is kept for later, and the promises that were made about it.

Memory holds what the table holds. A row comes with the end of the run that could not answer, in one transaction, and
goes with the acceptance of the run that asks again: whatever happens in between, it is asked exactly once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

from appliance.dispatch.later import rows
from appliance.dispatch.later.rows import Kept
from appliance.dispatch.later.rules import (
    MAX_AGE_S,
    MAX_KEPT,
    MAX_PER_SESSION,
    Held,
    Verdict,
    shown,
    unreached,
    verdict,
)
from appliance.foundation.clock import Clock
from appliance.generation import ModelError
from appliance.health import Condition, HealthTracker, Severity
from appliance.sessions.model import Acceptance, Entry, Inbound
from appliance.sessions.store import SessionStore
from appliance.storage.database import Database
from appliance.tools.speech import speech

T = TypeVar("T")

_CODE, _SUBJECT = "questions_kept", "uplink"
_FIX = "They are answered when it is back. /later lists those of a conversation, /later clear drops them."
_CLOCK_SET_MS = 1_704_067_200_000  # 2024: no box was built before
# Whoever ends a run for these reasons did not mean the question.
_NOT_THE_QUESTION = frozenset({"interrupted", "shutdown"})


@dataclass(frozen=True, slots=True)
class Hold:
    """What the person is told of a question that nobody answered, and what to keep of it (None: nothing)."""

    words: str
    kept: Kept | None = None


class Keeper:
    """Keeps questions of all sessions. `load` first; `changed` is called when something new is kept."""

    def __init__(self, *, database: Database, store: SessionStore, clock: Clock, tracker: HealthTracker) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._tracker = tracker
        self._kept: dict[str, Kept] = {}
        self._ages: dict[str, float] = {}  # the monotonic second at which each began to wait
        self._coming: dict[str, str] = {}  # by session, what its run is about to keep: it has one run at a time
        self.changed: Callable[[], None] = lambda: None

    @property
    def count(self) -> int:
        """How many questions are kept."""
        return len(self._kept)

    async def load(self) -> None:
        """Read what an earlier start kept."""
        for kept in await self._database.read(rows.everything):
            self._take(kept)
        self._told()

    # ---- what runs ask (dispatch.running)

    def hold(self, asked: Sequence[Inbound], attempts: Sequence[tuple[str, ModelError]], locale: str | None) -> Hold:
        """Decide about the question of a run; the words are empty where there is nothing to say about it."""
        session_key, words = asked[-1].session_key, speech(locale or "en")
        match verdict(asked, attempts, self._held(session_key)):
            case Verdict.KEEP:
                kept = rows.kept_of(asked, words.tag, unreached(attempts))
                self._coming[session_key] = kept.run_id
                key = "later.again" if kept.tries else "later.kept"
                return Hold(words.say(key, question=shown(kept.text)), kept)
            case Verdict.FORBIDDEN:
                return Hold(words.say("later.forbidden"))
            case Verdict.SESSION_FULL:
                return Hold(words.say("later.full.session", number=MAX_PER_SESSION))
            case Verdict.FULL:
                return Hold(words.say("later.full", number=MAX_KEPT))
        return Hold("")

    def returned(self, asked: Sequence[Inbound], reason: str, locale: str | None) -> Kept | None:
        """Return what to keep again when a run that asks again was ended for another's sake."""
        if reason not in _NOT_THE_QUESTION or not rows.asked_before(asked[-1]):
            return None
        return rows.kept_of(asked, speech(locale or "en").tag, ())

    async def finish(self, kept: Kept, finish: Callable[[sqlite3.Connection], T]) -> T:
        """End a run by `finish` and keep its question, both or none."""

        def work(connection: sqlite3.Connection) -> tuple[Kept, T]:
            return rows.insert(connection, kept), finish(connection)

        stored, result = await self._database.write(work)
        self._take(stored)
        self._told()
        self.changed()
        return result

    def preface(self, inbound: Inbound, zone: ZoneInfo, locale: str | None) -> str:
        """Return how the answer to a question that was kept begins."""
        words = speech(locale or "en")
        when = words.moment_phrase(int(inbound.origin["deferredMs"]), self._clock.now_ms(), zone)
        return words.say("later.answer", when=when, question=shown(inbound.text)) + "\n\n"

    # ---- what commands and the retry ask

    def kept(self, session_key: str | None = None) -> tuple[Kept, ...]:
        """Return what is kept, of one conversation or of all, oldest first."""
        found = (one for one in self._kept.values() if session_key in (None, one.session_key))
        return tuple(sorted(found, key=lambda one: one.asked_ms))

    async def drop(self, run_ids: Iterable[str]) -> None:
        """Forget questions."""
        gone = [run_id for run_id in run_ids if run_id in self._kept]
        if gone:
            await self._database.write(lambda connection: [rows.delete(connection, run_id) for run_id in gone])
            self._forget(gone)

    async def accept(self, kept: Kept, inbound: Inbound) -> Acceptance:
        """Accept the inbound that asks a kept question again; it is not kept from then on. Raises GoneError."""

        def work(connection: sqlite3.Connection) -> Acceptance:
            if not rows.session_is_there(connection, kept) or not rows.delete(connection, kept.run_id):
                raise rows.GoneError("This question is not kept any more.")
            return self._store.accept_in(connection, inbound)

        accepted = await self._database.write(work)
        self._forget([kept.run_id])
        return accepted

    def expired(self) -> tuple[Kept, ...]:
        """Return what was kept for too long. The wall clock may jump; what passed while the box ran counts."""
        now = self._clock.monotonic()
        return tuple(one for one in self._kept.values() if now - self._ages[one.run_id] >= MAX_AGE_S)

    async def give_up(self, kept: Kept) -> Entry | None:
        """Drop a question and say so in its conversation; None when that is gone."""
        now_ms = self._clock.now_ms()
        text = speech(kept.locale).say("later.expired", question=shown(kept.text))
        message = {
            "role": "assistant",
            "content": [{"type": "text", "text": text}],
            "provider": "homarus",
            "model": "later",
            "stopReason": "stop",
            "timestamp": now_ms,
        }

        def work(connection: sqlite3.Connection) -> Entry | None:
            if not rows.delete(connection, kept.run_id) or not rows.session_is_there(connection, kept):
                return None
            said = [("assistant", message, None)]
            return self._store.append_in(connection, kept.session_key, None, said, now_ms)[0]

        entry = await self._database.write(work)
        self._forget([kept.run_id])
        return entry

    # ---- inside

    def _held(self, session_key: str) -> Held:
        coming = {run_id for key, run_id in self._coming.items() if key != session_key}
        return Held(len(self.kept(session_key)), len(self._kept.keys() | coming))

    def _take(self, kept: Kept) -> None:
        if self._coming.get(kept.session_key) == kept.run_id:
            del self._coming[kept.session_key]
        self._kept[kept.run_id] = kept
        # A box without a clock of its own may be before the question now, or have asked in 1970: it waits from now on.
        waited_s = max(0, self._clock.now_ms() - kept.asked_ms) / 1000 if kept.asked_ms >= _CLOCK_SET_MS else 0.0
        self._ages[kept.run_id] = self._clock.monotonic() - waited_s

    def _forget(self, run_ids: Iterable[str]) -> None:
        for run_id in run_ids:
            self._kept.pop(run_id, None)
            self._ages.pop(run_id, None)
        self._told()

    def _told(self) -> None:
        if not self._kept:
            self._tracker.clear(_CODE, _SUBJECT)
            return
        number = len(self._kept)
        count = "1 question waits" if number == 1 else f"{number} questions wait"
        summary = f"{count} for the connection."
        self._tracker.set(Condition(_CODE, _SUBJECT, Severity.NOTICE, summary, _FIX, {"count": number}))
