"""The copy of the state before a version may touch it: the database by SQLite's backup, checked, and the small files.

Nothing is recorded until everything is on the disk. Cut off anywhere, the next start begins anew.
"""

from __future__ import annotations

import os
import shutil
import stat
from typing import Final

import msgspec

from appliance.foundation.atomicfile import write_atomic
from appliance.storage import journal as journals
from appliance.storage.backup import copy, mark
from appliance.storage.copies.older import lineage
from appliance.storage.database import damage_marker
from appliance.storage.errors import DamagedError, StorageError, StorageFullError
from appliance.updates.trial import keepsakes, record
from appliance.updates.trial.model import Kept, Release
from appliance.updates.trial.places import Places

DATABASE: Final = "homarus.sqlite"
_SPARE_BYTES: Final = 128 << 20
_COPIES: Final = 3  # the copy, the one that the gateway makes before it migrates, the one that a return builds


def whole(places: Places, kept: Kept) -> bool:
    """Tell whether everything is there that a return needs. What is in it is checked when it is used."""
    names = (keepsakes.ARCHIVE, DATABASE) if kept.database else (keepsakes.ARCHIVE,)
    return all((places.before / name).is_file() for name in names)


def room_for_next(places: Places) -> int:
    """Return how many bytes are missing for the next trial, which first lets go of the copy of the last one."""
    old = [places.before, places.unfinished, *places.state.glob("before-return-*")]
    freed = sum(path.lstat().st_blocks * 512 for folder in old for path in folder.rglob("*"))
    return max(0, room_missing(places) - freed)


def room_for_return(places: Places) -> int:
    """Return how many bytes are missing to build the old database beside the newer one."""
    kept = places.before / DATABASE
    size = kept.stat().st_size if kept.exists() else 0
    return max(0, size + _SPARE_BYTES // 4 - shutil.disk_usage(places.state).free)


def room_missing(places: Places) -> int:
    """Return how many bytes are missing for a trial and a return from it; 0 when there is room."""
    database = places.paths.database
    size = database.stat().st_size if database.exists() else 0
    return max(0, size * _COPIES + _SPARE_BYTES - shutil.disk_usage(places.state).free)


def make_copy(places: Places, origin: Release, target: Release, now_ms: int) -> Kept:
    """Copy the state to `before`, in place of an older copy. Raises StorageError; the state is untouched then."""
    trial_id = record.next_id(places)
    try:
        record.remove(places.unfinished)
        record.remove(places.before)  # belongs to a version whose slot has been written over
        forget_asides(places)
        if (missing := room_missing(places)) > 0:
            raise StorageFullError(
                f"{(missing >> 20) + 1} MiB are missing on the disk for a copy of the state; free some space"
            )
        made = _fill(places, Kept(trial_id, origin, target, now_ms, places.paths.database.exists()))
        os.rename(places.unfinished, places.before)
        journals.flush_directory(places.updates)
        if places.paths.journal.is_dir():
            with places.as_owner():
                journals.hold(places.paths.journal, made.mark)
    except OSError as error:
        raise StorageError(f"the state could not be copied ({error}); check the disk") from error
    return made


def _fill(places: Places, about: Kept) -> Kept:
    folder, paths = places.unfinished, places.paths
    folder.mkdir(mode=0o700, parents=True)
    owner = places.state.stat()
    if os.geteuid() == 0:
        os.chown(folder, owner.st_uid, owner.st_gid)
    with places.as_owner():
        if about.database:
            if damage_marker(paths.database).exists():
                raise DamagedError("the database is marked as damaged; the version before mends it at its next start")
            copy(paths.database, folder / DATABASE)
            begun = lineage(paths.journal, mark(folder / DATABASE))
            about = msgspec.structs.replace(about, mark=begun.mark, segment=begun.segment, segment_ms=begun.began_ms)
        keepsakes.pack(places.state, folder / keepsakes.ARCHIVE)
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, 0, 0, follow_symlinks=False)
    write_atomic(folder / record.ABOUT, msgspec.json.encode(about))
    return about


def drop_copy(places: Places) -> None:
    """Let go of the copy and of the part of the journal that was held for it. Raises OSError."""
    record.remove(places.unfinished)
    with places.as_owner():
        if places.paths.journal.is_dir():
            journals.hold(places.paths.journal, None)
    record.remove(places.before)


def forget_asides(places: Places, before_ms: int | None = None) -> None:
    """Remove what returns set aside, or only what is older than a moment. Raises OSError."""
    with places.as_owner():
        for old in sorted(places.state.glob("before-return-*")):
            status = old.lstat()
            if stat.S_ISDIR(status.st_mode) and (before_ms is None or status.st_mtime_ns // 1_000_000 < before_ms):
                shutil.rmtree(old)
