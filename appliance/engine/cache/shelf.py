"""What the engine thread and the writer of files share: every known state, and where it is."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from appliance.engine.cache.envelope import Header, pack_tokens, unpack_tokens
from appliance.engine.cache.files.disk import Disk
from appliance.engine.cache.ram import Ram
from appliance.engine.cache.tree import PrefixTree

_NAME_BYTES = 16


@dataclass(slots=True)
class Entry:
    """One state: positions [start, end) of `tokens`, in memory or in a file or both."""

    tokens: tuple[int, ...]
    start: int
    pinned: bool
    on_disk: bool = False
    foreign: bool = False  # another box computed it
    written: bool = False  # once, or found to be too large: what the disk evicts is not written again and again


@dataclass(slots=True)
class Shelf:
    """What the engine thread and the writer share, under `lock`."""

    ram: Ram
    lock: threading.Lock = field(default_factory=threading.Lock)
    tree: PrefixTree[str] = field(default_factory=PrefixTree)
    entries: dict[str, Entry] = field(default_factory=dict)
    disk: Disk | None = None
    fingerprint: bytes = b""

    def add(self, name: str, entry: Entry) -> None:
        """Make an entry known."""
        self.entries[name] = entry
        self.tree.add(entry.tokens, name)

    def settle(self, names: Sequence[str]) -> None:
        """Forget those of `names` that are nowhere any more."""
        for name in names:
            entry = self.entries.get(name)
            if entry is not None and not entry.on_disk and name not in self.ram:
                del self.entries[name]
                self.tree.remove(entry.tokens, name)

    def adopt(self, disk: Disk, fingerprint: bytes, found: Sequence[tuple[str, Header]]) -> None:
        """Take the files of an earlier engine in."""
        self.disk, self.fingerprint = disk, fingerprint
        for name, header in found:
            entry = entry_of(header)
            if name_of(entry.tokens, entry.start) != name:
                disk.forget(name)
                disk.refused += 1
            elif name in self.entries:
                self.entries[name].on_disk = self.entries[name].written = True
            else:
                self.add(name, entry)


def name_of(tokens: Sequence[int], start: int) -> str:
    """Return the name of a state within its fingerprint: the same text and start have the same one."""
    return hashlib.blake2b(b"%d|" % start + pack_tokens(tokens), digest_size=_NAME_BYTES).hexdigest()


def entry_of(header: Header) -> Entry:
    """Return the entry of a file's header."""
    return Entry(unpack_tokens(header.tokens), header.start, header.pinned, on_disk=True, written=True)
