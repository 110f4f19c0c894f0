"""Makes a prefix store ready for use."""

from __future__ import annotations

from appliance.engine.cache.files.writer import BackgroundWriter, Files, Ticks
from appliance.engine.cache.ram import Ram
from appliance.engine.cache.rewind import Rules
from appliance.engine.cache.shelf import Shelf
from appliance.engine.cache.store import PrefixStore


def open_store(rules: Rules, *, ram_bytes: int, files: Files | None, ticks: Ticks) -> PrefixStore:
    """Return a store of `ram_bytes` in memory; without `files`, or where they cannot be used, in memory only.

    It returns at once: while the model file is being hashed for the first time, files are not used yet.
    """
    shelf = Shelf(Ram(ram_bytes))
    if files is None:
        return PrefixStore(rules, shelf)
    writer = BackgroundWriter(shelf, files, ticks)
    writer.start()
    return PrefixStore(rules, shelf, writer)
