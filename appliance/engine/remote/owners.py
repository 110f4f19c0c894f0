"""The prefix store of each owner: that of this box, and one in memory for every paired box that asks it.

Prefixes are not shared between owners: how fast a prompt is read, and how much of it was cached, would tell a box
whether somebody else had said the same.
"""

from __future__ import annotations

from appliance.engine.cache.ram import Ram
from appliance.engine.cache.rewind import Rules
from appliance.engine.cache.shelf import Shelf
from appliance.engine.cache.store import PrefixStore

MAX_OWNERS = 8  # paired boxes with something stored; the one that was not heard for longest goes


class GuestStore(PrefixStore):
    """States of one paired box, in memory only: what others say is not written to the card of this box."""

    def __init__(self, own: PrefixStore, rules: Rules, ram_bytes: int) -> None:
        super().__init__(rules, Shelf(Ram(ram_bytes)))
        self._own = own

    @property
    def fingerprint(self) -> str:
        return self._own.fingerprint


class Owners:
    """Finds the store of an owner, "" being this box. Belongs to the engine thread, all but `set_ram_budget`."""

    def __init__(self, own: PrefixStore | None) -> None:
        self._own = own
        self._budget = 0
        self._ceiling: int | None = None
        self._guests: dict[str, GuestStore] = {}

    def limit(self, guest_bytes: int) -> None:
        """Let each guest keep so many bytes; 0, as in the beginning, is nothing."""
        self._budget = guest_bytes
        self._apply()

    def set_ram_budget(self, size: int) -> None:
        """Follow the memory of the box: its own store gets `size` bytes, and no guest more than that. In any thread."""
        if self._own is not None:
            self._own.set_ram_budget(size)
        self._ceiling = size
        self._apply()

    def _apply(self) -> None:
        for guest in list(self._guests.values()):
            guest.set_ram_budget(self._allowed)

    @property
    def _allowed(self) -> int:
        return self._budget if self._ceiling is None else min(self._budget, self._ceiling)

    def store(self, owner: str) -> PrefixStore | None:
        """Return where states of an owner are kept, None: nowhere."""
        if not owner or self._own is None:
            return None if owner else self._own
        guest = self._guests.pop(owner, None)
        if guest is None:
            guest = GuestStore(self._own, self._own.rules, self._allowed)
        self._guests[owner] = guest
        while len(self._guests) > MAX_OWNERS:
            del self._guests[next(iter(self._guests))]
        return guest
