"""Puts a copy in the place of the database, on a stopped box. What was there is moved aside, never deleted."""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.storage.copies import files
from appliance.storage.errors import DamagedError, StorageError
from appliance.storage.rebuild import check


@dataclass(frozen=True, slots=True)
class Restoration:
    """What was done. `aside` holds what was there before; `kept` names files that differ from those of the copy."""

    aside: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]


def restore(database: Path, journal: Path, copy: Path, now_ms: int, *, replace_files: bool) -> Restoration:
    """Restore `copy` under the lock of the state. Raises StorageError; then everything is as it was.

    Keys and certificates that are missing come from the archive beside the copy; those that are there are replaced only
    with `replace_files`: a certificate that was renewed since is the one that apps have pinned.
    """
    _check(copy)
    root = database.parent
    wanted = files.unpack(files.archive_of(copy))
    differs = {name: content for name, content in wanted.items() if _content(root / name) != content}
    written = {name: content for name, content in differs.items() if replace_files or not (root / name).exists()}
    aside = root / f"before-restore-{datetime.fromtimestamp(now_ms / 1000, UTC):%Y%m%dT%H%M%S}"
    fresh = database.with_name(f".{database.name}.restoring")
    try:
        aside.mkdir(mode=0o700)
        shutil.copyfile(copy, fresh)
        os.chmod(fresh, 0o600)
        for path in (*root.glob(f"{database.name}*"), journal, *(root / name for name in written)):
            if path.exists():
                place = aside / path.relative_to(root)
                place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.rename(place)
        journal.mkdir(mode=0o700, exist_ok=True)
        os.replace(fresh, database)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise StorageError(f"cannot restore into {root} ({error.strerror}); what was there is in {aside}") from error
    files.put(root, written.items())
    return Restoration(aside, tuple(sorted(written)), tuple(sorted(set(differs) - set(written))))


def _check(copy: Path) -> None:
    try:
        connection = sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            problems = check(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DamagedError(f"{copy} is no sound copy of a database ({error}); choose another one") from error
    if problems:
        raise DamagedError(f"{copy} is not sound: {'; '.join(problems[:3])}; choose another one")


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
