"""The first answer to a wish, kept for a while, so that asking again does not do it again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from appliance.mesh.errors import InvokeConflictError, InvokeError
from appliance.mesh.invoke.model import Answer

KEPT_S: Final = 600.0
MAX_KEPT: Final = 512
MAX_KEPT_BYTES: Final = 16 * 1024 * 1024
"""In memory only: photographs and outputs of commands have no place in a database. After a restart, and for what is no
longer kept, only the node can know the key of an invoke, which it is sent."""

Wish = tuple[str, str, str]
"""Actor, node, key."""


@dataclass(slots=True)
class Entry:
    """A wish that is being carried out (`future` open) or was answered."""

    fingerprint: str
    future: asyncio.Future[Answer]
    kept_since: float = 0.0
    size: int = 0
    doubtful: bool = False


class Once:
    """Remembers wishes: those under way without limit of time, answers for KEPT_S within the bounds above."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Wish, Entry] = OrderedDict()
        self._bytes = 0

    def find(self, wish: Wish, fingerprint: str, now: float) -> Entry | None:
        """Return the entry of a wish. Raises InvokeConflictError when its key was used for something else."""
        self._drop_old(now)
        entry = self._entries.get(wish)
        if entry is not None and entry.fingerprint != fingerprint:
            raise InvokeConflictError(
                "this idempotencyKey was used for a different invoke; use a new key for a new one",
            )
        return entry

    def begin(self, wish: Wish, fingerprint: str) -> Entry:
        """Note a wish that is carried out from now on."""
        entry = Entry(fingerprint, asyncio.get_running_loop().create_future())
        self._entries[wish] = entry
        return entry

    def failed(self, wish: Wish, entry: Entry, error: BaseException, now: float) -> None:
        """End a wish that came to nothing: who waits for it learns why, who asks again begins anew.

        Not so when it is doubtful whether it was done: then asking again is told the same instead of doing it twice.
        """
        if self._entries.get(wish) is entry:
            del self._entries[wish]
        if not entry.future.done():
            entry.future.set_exception(error)
            entry.future.exception()  # nobody may be waiting; that is no fault
        if isinstance(error, InvokeError) and error.doubtful:
            entry.doubtful = True
            self._keep(wish, entry, 0, now)

    def answered(self, wish: Wish, entry: Entry, answer: Answer, now: float) -> None:
        """Keep the answer."""
        if not entry.future.done():
            entry.future.set_result(answer)
        if answer.size <= MAX_KEPT_BYTES // 4:
            self._keep(wish, entry, answer.size, now)
        elif self._entries.get(wish) is entry:
            del self._entries[wish]

    def late(self, wish: Wish, fingerprint: str, answer: Answer, now: float) -> None:
        """Keep an answer that came after its deadline: asking again gets it."""
        before = self._entries.get(wish)
        if before is not None:
            if not before.doubtful:
                return
            self._drop(wish, before)
        entry = self.begin(wish, fingerprint)
        self.answered(wish, entry, answer, now)

    def _keep(self, wish: Wish, entry: Entry, size: int, now: float) -> None:
        self._entries.pop(wish, None)
        entry.kept_since, entry.size = now, size
        self._entries[wish] = entry
        self._bytes += entry.size
        while self._bytes > MAX_KEPT_BYTES or len(self._entries) > MAX_KEPT:
            if not self._drop_oldest():
                return

    def _drop_old(self, now: float) -> None:
        for wish, entry in list(self._entries.items()):
            if not entry.future.done():
                continue
            if now - entry.kept_since < KEPT_S:
                return  # the answered ones stand in the order in which they were kept
            self._drop(wish, entry)

    def _drop_oldest(self) -> bool:
        for wish, entry in self._entries.items():
            if entry.future.done():
                self._drop(wish, entry)
                return True
        return False

    def _drop(self, wish: Wish, entry: Entry) -> None:
        del self._entries[wish]
        self._bytes -= entry.size
