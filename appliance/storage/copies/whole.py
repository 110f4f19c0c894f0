"""Everything that makes a box this box, as one stream: a tar file, packed with gzip, to be sealed by the caller.

First comes `homarus-backup.json` (what this is, so that a newer one is refused at once), last `homarus-contents.json`
with the size and the SHA-256 of each file between them. Models are named, not contained: they can be fetched again.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Final, cast

from appliance.storage.copies import files
from appliance.storage.errors import DamagedError, SchemaError, StorageError, StorageFullError
from appliance.storage.migrations import applied

FORMAT: Final = 1
DATABASE: Final = "homarus.sqlite"
REVOCATIONS: Final = "revocations.json"
FOLDERS: Final = ("blobs", "workspace", "archive", "learned")
"""Below the state directory, with all that is in them. Not the models, logs, sockets, the journal, older copies."""

_HEAD: Final = "homarus-backup.json"
_CONTENTS: Final = "homarus-contents.json"
_MAX_TABLE_BYTES: Final = 64 << 20
_MAX_FILES: Final = 500_000
_LEVEL: Final = 3  # of gzip: half the time of its default for a twentieth more
_BLOCK: Final = 1 << 20
_SPARE_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Head:
    """What a backup says of itself. `box`: the id of the box it was; `schema`: the migrations in its database."""

    version: str
    made_ms: int
    box: str
    name: str
    schema: tuple[str, ...]
    models: tuple[str, ...]
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Whole:
    """A backup that was read or written."""

    head: Head
    files: int
    bytes: int


def schema_of(copy: Path) -> tuple[str, ...]:
    """Return the names of the migrations in a copy of the database. Raises DamagedError."""
    try:
        with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            return tuple(applied(connection))
    except sqlite3.Error as error:
        raise DamagedError(f"{copy} is no database ({error})") from error


def write(target: IO[bytes] | io.RawIOBase, state: Path, copy: Path, head: Head) -> Whole:
    """Write the state directory, with `copy` as its database, into a stream. Raises StorageError."""
    contents: dict[str, dict[str, object]] = {}
    # No name and no time in the head of gzip: the same state gives the same stream.
    with (
        gzip.GzipFile("", "wb", _LEVEL, cast(IO[bytes], target), mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        _add(archive, _HEAD, _json(asdict(head)))
        for name, path in (_database(copy), *_files(state)):
            try:
                contents[name] = _stream(archive, name, path)
            except FileNotFoundError as error:
                if name == DATABASE:
                    raise StorageError(f"the copy {path} went away while it was packed; try again") from error
                continue  # a conversation that was deleted at this moment takes its files along
            except OSError as error:
                raise StorageError(f"{path} cannot be read ({error.strerror or error}); try again") from error
        _add(archive, _CONTENTS, _json(contents))
    return Whole(head, len(contents), sum(cast(int, one["bytes"]) for one in contents.values()))


def read(source: BinaryIO, room: Path, *, known: Iterable[str] | None = None) -> Whole:
    """Unpack a stream into the empty folder `room`, checking every file. Raises StorageError.

    With `known` a database with another migration is refused before anything is written (SchemaError).
    """
    found: dict[str, dict[str, object]] = {}
    head, contents = None, None
    try:
        with gzip.GzipFile(fileobj=source) as packed, tarfile.open(fileobj=packed, mode="r|") as archive:
            for member in archive:
                if head is None:
                    head = _head(_table(archive, member, _HEAD))
                    _refuse_newer(head, known)
                elif member.name == _CONTENTS:
                    contents = _table(archive, member, _CONTENTS)
                elif contents is not None or len(found) >= _MAX_FILES or not _belongs(member) or member.name in found:
                    raise DamagedError(f"the backup holds {member.name[:200]!r}, which does not belong there")
                else:
                    found[member.name] = _unpack(archive, member, room)
            while packed.read(_BLOCK):
                pass  # to the end: only then it is known that nothing was cut off
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"the backup cannot be read ({error}); take another copy of it") from error
    if head is None or contents is None:
        raise DamagedError("the backup was cut off; take another copy of it")
    if wrong := sorted(name for name in {*found, *contents} if found.get(name) != contents.get(name)):
        raise DamagedError(f"the backup is damaged: {', '.join(wrong[:3])}; take another copy of it")
    if DATABASE not in found:
        raise DamagedError("the backup has no database; take another one")
    return Whole(head, len(found), sum(cast(int, one["bytes"]) for one in found.values()))


def _refuse_newer(head: Head, known: Iterable[str] | None) -> None:
    if head.format > FORMAT:
        raise SchemaError(_newer(head))
    if known is not None and set(head.schema) - set(known):
        raise SchemaError(_newer(head))


def _newer(head: Head) -> str:
    return (
        f"this backup was made by the newer version {head.version}: update this box first (`homarus update check`), "
        "then restore"
    )


def _head(table: dict[str, Any]) -> Head:
    if int(table["format"]) > FORMAT:  # of a form that is not known yet: only what it must have is read
        return Head(str(table.get("version", "?")), 0, "", "", (), (), int(table["format"]))
    return Head(
        str(table["version"]),
        int(table["made_ms"]),
        str(table["box"]),
        str(table["name"]),
        tuple(str(one) for one in table["schema"]),
        tuple(str(one) for one in table["models"]),
    )


def _database(copy: Path) -> tuple[str, Path]:
    return DATABASE, copy


def _files(state: Path) -> Iterator[tuple[str, Path]]:
    """Yield what belongs into a backup; links lead elsewhere and are left out."""
    for pattern in (*files.NAMES, REVOCATIONS):
        for path in sorted(state.glob(pattern)):
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(state).as_posix(), path
    for folder in FOLDERS:
        for place, folders, names in os.walk(state / folder):
            folders[:] = sorted(name for name in folders if not (Path(place) / name).is_symlink())
            for name in sorted(names):
                path = Path(place) / name
                if path.is_file() and not path.is_symlink():
                    yield path.relative_to(state).as_posix(), path


def _belongs(member: tarfile.TarInfo) -> bool:
    """Only what `write` puts in: never a link, nor a path that leads out."""
    name = PurePosixPath(member.name)
    if not member.isreg() or name.is_absolute() or ".." in name.parts or str(name) != member.name:
        return False
    if member.name in (DATABASE, REVOCATIONS) or (len(name.parts) > 1 and name.parts[0] in FOLDERS):
        return True
    return any(name.match(one) and len(name.parts) == len(PurePosixPath(one).parts) for one in files.NAMES)


class _Counted:
    """Reads exactly `size` bytes of a file that may still grow, and sums them up on the way."""

    def __init__(self, source: BinaryIO, size: int) -> None:
        self._source = source
        self._left = size
        self.sum = hashlib.sha256()

    def read(self, count: int = -1) -> bytes:
        piece = self._source.read(self._left if count < 0 else min(count, self._left))
        self._left -= len(piece)
        self.sum.update(piece)
        return piece


def _stream(archive: tarfile.TarFile, name: str, path: Path) -> dict[str, object]:
    with path.open("rb") as source:
        size = os.fstat(source.fileno()).st_size
        about = tarfile.TarInfo(name)
        about.size, about.mode = size, 0o600
        counted = _Counted(source, size)
        archive.addfile(about, cast(IO[bytes], counted))
    return {"bytes": size, "sha256": counted.sum.hexdigest()}


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, room: Path) -> dict[str, object]:
    inside = archive.extractfile(member)
    if inside is None:
        raise DamagedError(f"the backup holds {member.name!r} without content")
    place, sum_ = room / member.name, hashlib.sha256()
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(room).free < member.size + _SPARE_BYTES:
            raise StorageFullError(f"no room for {member.name} ({member.size >> 20} MiB) in {room}; free some space")
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            while piece := inside.read(_BLOCK):
                sum_.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(f"cannot write {place} ({error.strerror or error}); check the disk") from error
    return {"bytes": member.size, "sha256": sum_.hexdigest()}


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    about = tarfile.TarInfo(name)
    about.size, about.mode = len(content), 0o600
    archive.addfile(about, io.BytesIO(content))


def _table(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> dict[str, Any]:
    inside = archive.extractfile(member) if member.name == name and member.size <= _MAX_TABLE_BYTES else None
    if inside is None:
        raise DamagedError("this is no backup of a Homarus box")
    table = json.loads(inside.read())
    if not isinstance(table, dict):
        raise DamagedError("this is no backup of a Homarus box")
    return table


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode()


def models_of(folder: Path) -> Sequence[str]:
    """Return the names of the model files of a state directory."""
    return sorted(path.name for path in folder.glob("*.gguf"))
