"""The database: what a gateway that runs found out about it, and the file itself where no gateway holds it."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look, begin_of
from appliance.storage.database import damage_marker

_NAME = "homarus.sqlite"
_MAX_REASON_BYTES = 300
_AGAIN = (
    "`homarus gateway restart`: the gateway then sets the damaged file aside and rebuilds it from the newest copy and"
    " the journal. If it happens again, look at the disk."
)
_FIX = "Start the gateway: it sets the damaged file aside and rebuilds it from the newest copy and the journal."


def check(look: Look) -> Iterator[Condition]:
    """Say that it is to be rebuilt, and what SQLite finds wrong with the file where the caller holds its lock."""
    if look.state is None or not (path := look.state / _NAME).is_file():
        return
    if not look.alone:
        yield from _marked(path)
        return
    if odd := odd_files(path):
        names = ", ".join(one.name for one in odd)
        summary = f"{names} in {path.parent} is no file, so the database cannot be looked at."
        details: dict[str, str | int] = {"form": "check", "reason": summary}
        fix = "Move it away: the gateway makes none."
        yield Condition("database", str(path), Severity.BLOCKING, summary, fix, details)
        return
    yield from _asked(path)


def odd_files(path: Path) -> list[Path]:
    """Return what stands in place of the files of a database: SQLite waits for ever at a named pipe."""
    return [one for end in ("", "-wal", "-shm", "-journal") if not _plain(one := path.with_name(path.name + end))]


def _plain(path: Path) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return True


def _asked(path: Path) -> Iterator[Condition]:
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            found = [text for (text,) in connection.execute("PRAGMA quick_check(3)") if text != "ok"]
        finally:
            connection.close()
    except sqlite3.Error as error:
        found = [str(error)]
    if found:
        reason = "; ".join(found)
        details: dict[str, str | int] = {"form": "check", "reason": reason}
        yield Condition("database", str(path), Severity.BLOCKING, f"The database is damaged: {reason}.", _FIX, details)


def _marked(path: Path) -> Iterator[Condition]:
    """A gateway that comes upon damage goes on with what can be read and leaves a mark for its next start."""
    try:
        reason = begin_of(damage_marker(path), _MAX_REASON_BYTES).decode("utf-8", "replace")
    except OSError:
        return
    details: dict[str, str | int] = {"form": "marked", "reason": reason}
    summary = f"A part of the database cannot be read: {reason}"
    yield Condition("database", str(path), Severity.DEGRADED, summary, _AGAIN, details)
