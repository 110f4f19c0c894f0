"""What a power cut left on a disk, looked at without booting it: file system, database, and what was acknowledged."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.image import tools
from tests.image.disks import copy_sparse, partitions

_EXT4_MAGIC_AT, _EXT4_MAGIC = 1024 + 0x38, b"\x53\xef"
_STATE, _UPDATES = "/homarus", "/system/updates"  # on the data partition
RETURNING = "on the way back to the old version"
_DATABASE = "homarus.sqlite"


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What was found: `problems` is empty on a good disk; `stage` is how far the disk had come."""

    stage: str
    problems: tuple[str, ...]


def inspect(disk: Path, work: Path, said: Iterable[str]) -> Aftermath:
    """Check the data partition of `disk`. `said` are the messages that were acknowledged before the cut."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    said = list(said)
    try:
        found = next((each for each in partitions(disk) if each.label == "data"), None)
        if found is None:
            return Aftermath("no data partition yet", tuple(f"lost: {each}" for each in said))
        data = copy_sparse(disk, work / "data.img", start=found.start, size=found.size)
        if not _is_ext4(data):
            return Aftermath("data not formatted yet", tuple(f"lost: {each}" for each in said))
        problems = _file_system(data)
        if problems:
            return Aftermath("file system", problems)
        return _database(data, work, said)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _is_ext4(data: Path) -> bool:
    with data.open("rb") as file:
        file.seek(_EXT4_MAGIC_AT)
        return file.read(2) == _EXT4_MAGIC


def _file_system(data: Path) -> tuple[str, ...]:
    """Take in the journal, as the mount after the cut does; after that the check must find nothing."""
    tools.run("e2fsck", "-fy", "-E", "journal_only", data, good=(0, 1))
    done = tools.run("e2fsck", "-fn", data, good=(0, 1, 4, 8, 12))
    return () if done.returncode == 0 else (f"fsck {done.returncode}: {done.stdout.strip()[-600:]}",)


def _database(data: Path, work: Path, said: list[str]) -> Aftermath:
    state, updates = work / "homarus", work / "updates"
    for source in (_STATE, _UPDATES):
        tools.run("debugfs", "-R", f"rdump {source} {work}", data)
    live = state / _DATABASE
    texts: dict[Path, str] = {}
    problems: list[str] = []
    for file in sorted({live, *state.rglob("*.sqlite*"), *updates.rglob("*.sqlite*")}):
        if not file.exists() or file.name.endswith(("-wal", "-shm")):
            continue
        try:
            texts[file] = _text(file)
        except sqlite3.DatabaseError as error:
            if file == live:
                problems.append(f"database: {error}")
    lost = [each for each in said if each not in texts.get(live, "")]
    aside = [each for each in lost if any(each in text for text in texts.values())]
    if aside and (updates / "trial.json").exists():
        # The box was going back to its old version: the next start finishes that, so this is for a boot to show.
        return Aftermath(RETURNING, (*problems, *(f"lost: {each}" for each in lost if each not in aside)))
    stage = "database" if live in texts else "no database yet"
    return Aftermath(stage, (*problems, *(f"lost: {each}" for each in lost)))


def _text(file: Path) -> str:
    """Return what a database holds, as text; its write-ahead log is taken in. Raises sqlite3.DatabaseError."""
    with closing(sqlite3.connect(file)) as database:
        verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"integrity check: {verdict}")
        return "\n".join(_rows(database))


def _rows(database: sqlite3.Connection) -> Iterable[str]:
    """Yield every row of every table that is not a search index, as text: where a message lies is not our matter."""
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        try:
            yield from (repr(row) for row in database.execute(f'SELECT * FROM "{name}"'))
        except sqlite3.OperationalError:
            continue  # a virtual table of a module that is not here
