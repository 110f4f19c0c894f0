"""The prefix store: states of texts in memory and in files, found by the tokens that they begin with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import structs

from appliance.engine import api
from appliance.engine.cache.cover import Piece, Stored, longest, missing
from appliance.engine.cache.envelope import MAX_TOKENS, Blob, Opened, Refusal
from appliance.engine.cache.rewind import Memory, Rules
from appliance.engine.cache.shelf import Entry, Shelf, name_of

MIN_TOKENS = 16  # fewer are read again faster than they are looked up


@dataclass(frozen=True, slots=True)
class Found:
    """The stored beginning of a text: `length` tokens out of `pieces`; `tier`: the slowest, ram or disk, or peer."""

    length: int
    pieces: tuple[Piece, ...]
    tier: str


class Writer(Protocol):
    """What the store tells the one who writes files, and asks it."""

    @property
    def problem(self) -> str: ...

    def wake(self) -> None: ...

    def settle(self, timeout_s: float) -> bool: ...

    def close(self) -> None: ...


class PrefixStore:
    """Finds, hands out and takes in states. Called by the engine thread; a writer brings them to files."""

    def __init__(self, rules: Rules, shelf: Shelf, writer: Writer | None = None) -> None:
        self.rules = rules
        self._shelf = shelf
        self._writer = writer
        self._counts = api.CacheInfo()

    def longest(self, tokens: Sequence[int]) -> Found | None:
        """Return the longest stored beginning of `tokens`, never all of it: the last one must be decoded."""
        with self._shelf.lock:
            pieces = longest(self.rules, self._found(tokens), len(tokens) - 1)
            foreign = any(self._shelf.entries[piece.stored.name].foreign for piece in pieces)
        if not pieces or pieces[-1].end < MIN_TOKENS:
            return None
        tier = "ram" if all(piece.stored.near for piece in pieces) else "disk"
        return Found(pieces[-1].end, tuple(pieces), "peer" if foreign else tier)

    def load(self, found: Found, *, after: int = 0) -> Iterator[tuple[Piece, Blob]]:
        """Yield one piece after another with its blob, proved to be ours and whole; those up to `after` are left out.

        The blob may hold more than these positions. It ends early where a file is damaged (forgotten and counted) or
        went away; a model that is not `Memory.FULL` must then drop what it restored.
        """
        try:
            for piece in found.pieces:
                if piece.end > after:
                    blob = self._blob(piece.stored.name)
                    if blob is None:
                        break
                    yield piece, blob
        finally:
            self._touch([piece.stored.name for piece in found.pieces])

    def missing(self, tokens: Sequence[int]) -> tuple[int, int] | None:
        """Return the range [start, end) that must be saved so that all of `tokens` can be restored, None: none."""
        with self._shelf.lock:
            found = missing(self.rules, self._found(tokens), len(tokens))
        if found is None or found[1] - found[0] < MIN_TOKENS or len(tokens) > MAX_TOKENS:
            return None
        return found

    def takes(self, size: int) -> bool:
        """Return whether a blob of `size` bytes would be kept."""
        with self._shelf.lock:
            return self._shelf.ram.fits(size)

    def put(
        self, tokens: Sequence[int], start: int, blob: Blob, *, pinned: bool = False, foreign: bool = False
    ) -> bool:
        """Keep the state of the positions [start, len(tokens)); a file follows later. False: there is no room.

        The blob is not copied and must not change. `pinned`: evicted after all that is not. `foreign`: of
        another box.
        """
        entry = Entry(tuple(tokens), start, pinned, foreign=foreign)
        if not 0 <= start < len(entry.tokens) <= MAX_TOKENS or (start and self.rules.memory is Memory.WHOLE):
            raise ValueError(f"positions {start} to {len(entry.tokens)} cannot be kept")
        name = name_of(entry.tokens, start)
        shelf = self._shelf
        with shelf.lock:
            evicted = shelf.ram.put(name, blob, pinned=pinned)
            if evicted is None:
                return False
            if name not in shelf.entries:
                shelf.add(name, entry)
            shelf.settle(evicted)
        if self._writer is not None:
            self._writer.wake()
        return True

    def reject(self, piece: Piece) -> None:
        """Forget a piece: llama.cpp did not take it."""
        self._rejected()
        self._drop(piece.stored.name)

    def count(self, restored: str) -> None:
        """Count where the beginning of an admitted request came from: resident, ram, disk, or "" for nowhere."""
        restored = "ram" if restored == "peer" else restored
        name = f"hits_{restored}" if restored in ("resident", "ram", "disk") else "misses"
        self._counts = structs.replace(self._counts, **{name: getattr(self._counts, name) + 1})

    def set_ram_budget(self, size: int) -> None:
        """Change the bytes that blobs may take in memory; what is in no file yet and does not fit is lost."""
        with self._shelf.lock:
            self._shelf.settle(self._shelf.ram.set_budget(size))

    @property
    def fingerprint(self) -> str:
        """The digest of everything a state depends on, as hex; "" while the model file is still being read."""
        return self._shelf.fingerprint.hex()

    def info(self) -> api.CacheInfo:
        """Return the numbers of this moment, from any thread."""
        with self._shelf.lock:
            ram, disk = self._shelf.ram, self._shelf.disk
            counts = structs.replace(self._counts, ram_bytes=ram.used, ram_budget=ram.budget, problem=self.problem)
        if disk is None:
            return counts
        return structs.replace(
            counts,
            disk_bytes=disk.used,
            disk_budget=disk.budget,
            written_bytes=disk.written,
            rejected=counts.rejected + disk.refused,
        )

    @property
    def problem(self) -> str:
        """Why files are not used, "" when they are or none were asked for."""
        return self._writer.problem if self._writer is not None else ""

    def settle(self, timeout_s: float) -> bool:
        """Wait until files are in use and hold all that may be written now. False: it takes longer."""
        return self._writer is None or self._writer.settle(timeout_s)

    def close(self) -> None:
        """Write what can be written soon and end the writer."""
        if self._writer is not None:
            self._writer.close()

    # ---- within

    def _found(self, tokens: Sequence[int]) -> list[tuple[int, Stored]]:
        shelf = self._shelf
        found = []
        for shared, name in shelf.tree.along(tokens):
            entry = shelf.entries[name]
            found.append((shared, Stored(name, entry.start, len(entry.tokens), name in shelf.ram)))
        return found

    def _blob(self, name: str) -> Blob | None:
        """Return a blob from memory, or from its file, then kept in memory too."""
        shelf = self._shelf
        with shelf.lock:
            entry, blob, disk = shelf.entries.get(name), shelf.ram.get(name), shelf.disk
        if blob is not None or entry is None or disk is None:
            return blob
        opened = disk.read(name)
        if isinstance(opened, Opened) and (opened.tokens, opened.header.start) != (entry.tokens, entry.start):
            opened = Refusal.OTHER
        if isinstance(opened, Refusal):
            if opened is not Refusal.GONE:
                self._rejected()
            self._drop(name)
            return None
        with shelf.lock:
            if shelf.entries.get(name) is entry:  # the writer may have evicted it meanwhile
                shelf.settle(shelf.ram.put(name, opened.blob, pinned=entry.pinned) or [])
        return opened.blob

    def _rejected(self) -> None:
        self._counts = structs.replace(self._counts, rejected=self._counts.rejected + 1)

    def _drop(self, name: str) -> None:
        shelf = self._shelf
        if shelf.disk is not None:
            shelf.disk.forget(name)
        with shelf.lock:
            shelf.ram.forget(name)
            if (entry := shelf.entries.get(name)) is not None:
                entry.on_disk = False
            shelf.settle([name])

    def _touch(self, names: Sequence[str]) -> None:
        """Count a chain as used, its beginning last: without it the rest is worth nothing."""
        shelf = self._shelf
        with shelf.lock:
            for name in reversed(names):
                shelf.ram.get(name)
                if shelf.disk is not None:
                    shelf.disk.touch(name)
