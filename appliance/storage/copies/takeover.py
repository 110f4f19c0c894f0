"""Puts a whole backup, unpacked beside it, in the place of a state directory. Nothing is deleted: it is moved aside.

Until all is in place `restore-unfinished` lies in the state directory and no gateway starts: half of one box and half
of another is neither.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from appliance.foundation.atomicfile import write_atomic
from appliance.storage import journal as journals
from appliance.storage.copies import files
from appliance.storage.copies.unfinished import UNFINISHED
from appliance.storage.copies.whole import DATABASE, FOLDERS, REVOCATIONS
from appliance.storage.errors import StorageError

_ROOM: Final = ".restoring"
# Copies and the journal of another database must not be what a damaged one is rebuilt from.
_OF_THE_DATABASE: Final = ("backups", "journal")


def room_in(state: Path) -> Path:
    """Return an empty folder on the same file system, into which a backup can be unpacked. Raises StorageError."""
    room = state / _ROOM
    try:
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise StorageError(f"cannot make {room} ({error.strerror}); check the disk and who owns it") from error
    return room


def discard(room: Path) -> None:
    """Remove what was unpacked and is not wanted."""
    shutil.rmtree(room, ignore_errors=True)


def take_over(state: Path, room: Path, now_ms: int) -> Path:
    """Put everything of `room` into `state`; return the folder that holds what was there. Raises StorageError.

    What was taken away from devices on this box stays taken away: both lists of revocations hold from now on.
    """
    aside = _aside(state, now_ms)
    try:
        aside.mkdir(mode=0o700)
        write_atomic(state / UNFINISHED, b"")
        _merge_revocations(state / REVOCATIONS, room / REVOCATIONS)
        for path in _replaced(state):
            place = aside / path.relative_to(state)
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.rename(place)
        for path in sorted(room.iterdir(), key=lambda one: one.name == DATABASE):
            _move(path, state / path.name)
        for name in _OF_THE_DATABASE:
            (state / name).mkdir(mode=0o700, exist_ok=True)
        journals.flush_directory(state)
        (state / UNFINISHED).unlink()
        journals.flush_directory(state)
    except OSError as error:
        raise StorageError(
            f"cannot restore into {state} ({error.strerror or error}); what was there is in {aside}. Free some space, "
            "then restore again"
        ) from error
    discard(room)
    return aside


def _aside(state: Path, now_ms: int) -> Path:
    stamp = f"{datetime.fromtimestamp(now_ms / 1000, UTC):%Y%m%dT%H%M%S}"
    choices = [state / f"before-restore-{stamp}{suffix}" for suffix in ("", *(f"-{n}" for n in range(2, 100)))]
    for path in choices:
        if not path.exists():
            return path
    raise StorageError(f"{choices[0]} and {len(choices) - 1} like it are there; remove those that nobody needs")


def _replaced(state: Path) -> Iterator[Path]:
    """Yield what a backup stands for, whether it has it or not: keys of two boxes side by side are those of none."""
    yield from sorted(state.glob(f"{DATABASE}*"))
    for pattern in files.NAMES:
        yield from sorted(state.glob(pattern))
    for name in (*FOLDERS, *_OF_THE_DATABASE):
        if (state / name).exists():
            yield state / name


def _move(path: Path, place: Path) -> None:
    """Move a file or a folder; folders that hold more than keys (client/, node/, tls/) stay and take them in."""
    if path.is_dir() and place.is_dir():
        for inside in sorted(path.iterdir()):
            _move(inside, place / inside.name)
    else:
        os.replace(path, place)


def _merge_revocations(here: Path, there: Path) -> None:
    """Leave in `there` what both files take away; the one of this box decides where both know a device."""
    own, other = _table(here), _table(there)
    if own is None:
        return
    merged = dict(own)
    if other is not None:
        merged["serial"] = max(_number(own), _number(other))
        merged["devices"] = {**_object(other, "devices"), **_object(own, "devices")}
        merged["spent"] = [*dict.fromkeys([*_list(other, "spent"), *_list(own, "spent")])]
    write_atomic(there, json.dumps(merged).encode())


def _table(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _number(table: dict[str, Any]) -> int:
    value = table.get("serial", 0)
    return value if isinstance(value, int) else 0


def _object(table: dict[str, Any], name: str) -> dict[str, Any]:
    value = table.get(name)
    return value if isinstance(value, dict) else {}


def _list(table: dict[str, Any], name: str) -> list[Any]:
    value = table.get(name)
    return value if isinstance(value, list) else []
