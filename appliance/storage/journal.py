"""The second, independent record of everything acknowledged: JSON lines, flushed while SQLite flushes its commit.

A segment starts with a header (format, number of its first batch, migrations of the database at that time). Every other
line is one batch: `{"n": number, "at": ms, "crc": CRC-32 of the text of rows, "rows": [records of capture.py]}`.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec

from appliance.foundation.atomicfile import write_atomic
from appliance.storage.errors import StorageError, StorageFullError

_log = logging.getLogger(__name__)

_FORMAT = 1
_SEGMENT_BYTES = 16 << 20
_TAIL_BLOCK_BYTES = 64 << 10
_HOLD = "held"


class Header(msgspec.Struct, frozen=True):
    """The first line of a segment."""

    journal: int
    first: int
    at: int
    migrations: tuple[str, ...]


class Batch(msgspec.Struct, frozen=True):
    """What one commit changed."""

    n: int
    at: int
    crc: int
    rows: msgspec.Raw

    def records(self) -> list[dict[str, Any]]:
        return msgspec.json.decode(self.rows, type=list[dict[str, Any]])


class Damage(msgspec.Struct, frozen=True):
    """A line that cannot be read."""

    segment: str
    line: int


_decode_header = msgspec.json.Decoder(Header).decode
_decode_batch = msgspec.json.Decoder(Batch).decode


class Journal:
    """The segments of one directory; the last one is open for appending. Used by the writer thread alone."""

    def __init__(self, directory: Path, *, segment_bytes: int = _SEGMENT_BYTES) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory = directory
        self.last = 0
        self.migrations: tuple[str, ...] | None = None
        self._segment_bytes = segment_bytes
        self._descriptor = -1
        self._number = 0
        self._size = 0
        self._before_last = (0, 0)
        self._flusher: _Flusher | None = None
        self._unflushed = False
        self._resume()

    def append(self, batch: int, records: Sequence[bytes], at_ms: int, *, flush: bool = True) -> None:
        """Write one batch and begin to flush it; `settle` waits. Raises StorageError; nothing of it is then kept.

        Without `flush` it reaches the disk with the next batch that is flushed.
        """
        if self._size > self._segment_bytes:
            self.start_segment(batch, self.migrations or (), at_ms)
        rows = b"[" + b",".join(records) + b"]"
        line = b'{"n":%d,"at":%d,"crc":%d,"rows":%s}\n' % (batch, at_ms, zlib.crc32(rows), rows)
        self._before_last = (self._size, self.last)
        self._write(line)
        self.last = batch
        self._unflushed = True
        if flush:
            self._begin_flush()

    def settle(self) -> None:
        """Wait until the last batch is on the disk. Raises StorageError."""
        if self._flusher is not None and (error := self._flusher.wait()) is not None:
            raise _translate(error, self.directory) from error

    def flush(self) -> None:
        """Bring what was written without a flush to the disk. Raises StorageError."""
        if self._unflushed:
            self._begin_flush()
            self.settle()

    def _begin_flush(self) -> None:
        self._unflushed = False
        self._flusher = self._flusher or _Flusher()
        self._flusher.begin(self._descriptor)

    def retract(self) -> None:
        """Take the last batch back, because its commit failed."""
        if self._flusher is not None:
            self._flusher.wait()
        self._size, self.last = self._before_last
        os.ftruncate(self._descriptor, self._size)
        os.fdatasync(self._descriptor)
        self._unflushed = False

    def start_segment(self, first: int, migrations: Sequence[str], at_ms: int) -> None:
        """Begin a new file: the old one is full, or the schema has changed."""
        self.flush()
        header = msgspec.json.encode(Header(_FORMAT, first, at_ms, tuple(migrations))) + b"\n"
        path = self.directory / f"{self._number + 1:08d}.jsonl"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.close()
        self._descriptor, self._number, self._size = descriptor, self._number + 1, 0
        self._write(header)
        os.fdatasync(self._descriptor)
        flush_directory(self.directory)
        self.migrations = tuple(migrations)

    def close(self) -> None:
        if self._flusher is not None:
            self._flusher.close()
            self._flusher = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, line: bytes) -> None:
        try:
            view = memoryview(line)
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as error:
            os.ftruncate(self._descriptor, self._size)
            raise _translate(error, self.directory) from error
        self._size += len(line)

    def _resume(self) -> None:
        """Find the last whole batch, set a torn end aside and open the last segment for appending."""
        paths = segments(self.directory)
        while paths and read_header(paths[-1]) is None:
            # Killed while it began a segment: its header was never complete, so it holds nothing.
            os.replace(paths[-1], paths[-1].with_suffix(".torn-0"))
            paths.pop()
        self._number = max((int(path.stem) for path in self.directory.glob("????????.*")), default=0)
        if not paths:
            return
        path = paths[-1]
        if (header := read_header(path)) is None:
            raise StorageError(f"the journal {path} changed while it was opened; close what writes there")
        self.migrations = header.migrations
        end, batch = _tail(path)
        self.last = header.first - 1 if batch is None else batch.n
        _set_aside(path, end)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._size = end


class _Flusher:
    """A thread that flushes while the writer thread commits: two flushes at once cost little more than one."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[int | None] = SimpleQueue()
        self._done: SimpleQueue[OSError | None] = SimpleQueue()
        self._pending = False
        self._thread = threading.Thread(target=self._serve, name="database-journal", daemon=True)
        self._thread.start()

    def begin(self, descriptor: int) -> None:
        self.wait()
        self._pending = True
        self._asked.put(descriptor)

    def wait(self) -> OSError | None:
        """Return why the last flush failed; None when it succeeded or was asked about before."""
        if not self._pending:
            return None
        self._pending = False
        return self._done.get()

    def close(self) -> None:
        self.wait()
        self._asked.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while (descriptor := self._asked.get()) is not None:
            try:
                os.fdatasync(descriptor)
            except OSError as error:
                self._done.put(error)
            else:
                self._done.put(None)


def segments(directory: Path) -> list[Path]:
    """Return the files of a journal, oldest first. A pipe of such a name is none: whoever reads it would wait."""
    return sorted(path for path in directory.glob("????????.jsonl") if path.is_file())


def size(directory: Path) -> int:
    """Return the bytes of all segments."""
    return sum(path.stat().st_size for path in segments(directory))


def hold(directory: Path, mark: int | None) -> None:
    """Keep every batch after `mark` from being forgotten, for a copy elsewhere; None lets go. Raises OSError."""
    path = directory / _HOLD
    if mark is not None:
        write_atomic(path, str(mark).encode())
    elif path.exists():
        path.unlink()
        flush_directory(directory)


def held(directory: Path, otherwise: int) -> int:
    """Return the mark of the copy that must still be able to catch up, `otherwise` where there is none."""
    try:
        return int((directory / _HOLD).read_text("ascii"))
    except (OSError, ValueError):
        return otherwise


def prune(directory: Path, through: int) -> int:
    """Remove segments that hold no batch after `through`; return how many. The one in use always stays."""
    removed = 0
    paths = segments(directory)
    for path, following in pairwise(paths):
        header = read_header(following)
        if header is None or header.first - 1 > through:
            break
        for leftover in directory.glob(f"{path.stem}.torn-*"):
            leftover.unlink()
        path.unlink()
        removed += 1
    return removed


def read(directory: Path, after: int = 0) -> Iterator[Header | Batch | Damage]:
    """Yield headers and the batches with a number over `after` in order, and what could not be read."""
    paths = segments(directory)
    headers = [read_header(path) for path in paths]
    for place, path in enumerate(paths):
        following = headers[place + 1] if place + 1 < len(paths) else None
        if following is not None and following.first - 1 <= after and headers[place] is not None:
            continue
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                parsed = _parse_header(line) if number == 1 else _parse_batch(line)
                if parsed is None:
                    yield Damage(path.name, number)
                elif not isinstance(parsed, Batch) or parsed.n > after:
                    yield parsed


def read_header(path: Path) -> Header | None:
    """Return the header of a segment, or None when it is not whole."""
    with path.open("rb") as file:
        return _parse_header(file.readline())


def _parse_header(line: bytes) -> Header | None:
    try:
        header = _decode_header(line) if line.endswith(b"\n") else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return header if header is not None and header.journal == _FORMAT else None


def _parse_batch(line: bytes) -> Batch | None:
    if not line.endswith(b"\n"):
        return None
    try:
        batch = _decode_batch(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return batch if zlib.crc32(batch.rows) == batch.crc else None


def _tail(path: Path) -> tuple[int, Batch | None]:
    """Return where the last good line ends, and the batch on it (None: it is the header)."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        block = _TAIL_BLOCK_BYTES
        while True:
            start = max(0, size - block)
            file.seek(start)
            chunk = file.read()
            end = chunk.rfind(b"\n") + 1
            begin = chunk.rfind(b"\n", 0, end - 1) + 1 if end else 0
            if begin == 0 and start > 0:
                block *= 4  # the line is longer than what was read
                continue
            if start + begin == 0:
                return start + end, None
            if (batch := _parse_batch(chunk[begin:end])) is not None:
                return start + end, batch
            return _last_good(path)


def _last_good(path: Path) -> tuple[int, Batch | None]:
    position, end, last = 0, 0, None
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            position += len(line)
            batch = None if number == 1 else _parse_batch(line)
            if number == 1 or batch is not None:
                end, last = position, batch
    return end, last


def _set_aside(path: Path, end: int) -> None:
    """Cut a torn end off (nothing in it was acknowledged), but keep its bytes for whoever wants to look."""
    with path.open("rb") as file:
        file.seek(end)
        torn = file.read()
    if torn:
        _log.warning("journal %s ended in the middle of a batch; %d bytes set aside", path.name, len(torn))
        path.with_suffix(f".torn-{end}").write_bytes(torn)
        os.truncate(path, end)


def flush_directory(directory: Path) -> None:
    """Make new names in a directory survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _translate(error: OSError, directory: Path) -> StorageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFullError(f"no room left on the disk of {directory}; free some space and try again")
    return StorageError(f"cannot write the journal in {directory} ({error.strerror}); check the disk")
