"""What a state depends on. llama.cpp takes the state of another model of the same shape without a word."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from appliance.foundation.atomicfile import write_atomic

_FORMAT = 1
_CHUNK_BYTES = 4 * 1024 * 1024
_MAX_KNOWN = 64
_MAX_CACHE_BYTES = 64 * 1024


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a state depends on beside the weights: program, shape, types, positions, window.

    `build`: `library_hash` of the native libraries. `rope`: every override of the context by name.
    """

    build: str
    architecture: str
    layers: int
    width_k: int
    width_v: int
    type_k: int
    type_v: int
    flash_attention: int
    rope: dict[str, float]
    rotation: str  # LLAMA_ATTN_ROT_DISABLE as it was when the library was loaded
    window: int  # of the sliding layers, 0 without
    whole_window: bool  # swa_full
    recurrent: bool
    vocabulary: int


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a state depends on; two boxes may exchange states when their digests are equal."""

    facts: Facts
    weights: str  # SHA-256 of the whole GGUF
    adapters: tuple[tuple[str, float], ...] = ()  # SHA-256 and scale of each LoRA, in their order
    format: int = _FORMAT

    def digest(self) -> bytes:
        """Return 32 bytes that are equal when everything is."""
        return hashlib.blake2b(msgspec.msgpack.encode(self, order="deterministic"), digest_size=32).digest()


class _Known(msgspec.Struct, frozen=True):
    """The hash of a file as it was: the same inode, time and size are taken for the same content."""

    inode: int
    mtime_ns: int
    size: int
    sha256: str


class Hashes:
    """SHA-256 of large files, remembered in one small file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, _Known] = {}
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            if path.lstat().st_size <= _MAX_CACHE_BYTES and stat.S_ISREG(path.lstat().st_mode):
                self._known = msgspec.json.decode(path.read_bytes(), type=dict[str, _Known])

    def known(self, path: Path) -> str | None:
        """Return the hash of a file if it was computed before and the file did not change."""
        try:
            status = path.stat()
        except OSError:
            return None
        entry = self._known.get(str(path.absolute()))
        if entry is None or (entry.inode, entry.mtime_ns, entry.size) != _identity(status):
            return None
        return entry.sha256

    def compute(self, path: Path, *, stop: Callable[[], bool] = lambda: False) -> str | None:
        """Hash a file, a second or more per gigabyte, and remember it; None: `stop` said so. Raises OSError."""
        if (known := self.known(path)) is not None:
            return known
        state = hashlib.sha256()
        with path.open("rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            while chunk := file.read(_CHUNK_BYTES):
                if stop():
                    return None
                state.update(chunk)
            changed = _identity(os.fstat(file.fileno())) != _identity(before)
        if not changed:
            self._remember(path, _Known(*_identity(before), state.hexdigest()))
        return state.hexdigest()

    def _remember(self, path: Path, entry: _Known) -> None:
        self._known.pop(str(path.absolute()), None)
        self._known[str(path.absolute())] = entry
        while len(self._known) > _MAX_KNOWN:
            del self._known[next(iter(self._known))]
        with contextlib.suppress(OSError):  # then it is computed again next time
            write_atomic(self._path, msgspec.json.encode(self._known))


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The files and facts of a running engine, out of which a fingerprint can be made."""

    model: Path
    facts: Facts
    adapters: tuple[tuple[Path, float], ...] = ()

    def known(self, hashes: Hashes) -> Fingerprint | None:
        """Return the fingerprint if every hash is remembered."""
        return self._made(hashes.known)

    def compute(self, hashes: Hashes, *, stop: Callable[[], bool]) -> Fingerprint | None:
        """Return the fingerprint, reading the files; None: `stop` said so. Raises OSError."""
        return self._made(lambda path: hashes.compute(path, stop=stop))

    def _made(self, hashed: Callable[[Path], str | None]) -> Fingerprint | None:
        sums = [hashed(path) for path in (self.model, *(path for path, _ in self.adapters))]
        present = [value for value in sums if value is not None]
        if len(present) != len(sums):
            return None
        scaled = zip(present[1:], self.adapters, strict=True)
        return Fingerprint(
            facts=self.facts, weights=present[0], adapters=tuple((value, scale) for value, (_, scale) in scaled)
        )


def library_hash(folder: Path) -> str:
    """Return one SHA-256 over the shared libraries of a folder: the build of llama.cpp; "" where there are none.

    Raises OSError.
    """
    hashes = [hashlib.sha256(path.read_bytes()).digest() for path in _libraries(folder)]
    return hashlib.sha256(b"".join(hashes)).hexdigest() if hashes else ""


def _libraries(folder: Path) -> Iterable[Path]:
    """Yield each library once, in an order that does not depend on the machine; links are the same files again."""
    found = (path for path in sorted(folder.iterdir()) if ".so" in path.name)
    return (path for path in found if path.is_file() and not path.is_symlink())


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_mtime_ns, status.st_size
