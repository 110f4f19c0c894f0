"""The way back to the version before: its database with what can be replayed, its files, and a report.

Every step may be cut off and is done again by the next start, whichever version that is. Before `built` is written the
state is as the newer version left it; after it only names change, and each step looks whether it was done.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from appliance.storage import journal as journals
from appliance.storage.connection import connect_writer, translate
from appliance.storage.copies.files import archive_of
from appliance.storage.copies.older import continues, replay
from appliance.storage.database import damage_marker
from appliance.storage.errors import DamagedError, StorageError, StorageFullError
from appliance.storage.migrations import applied
from appliance.storage.rebuild import check
from appliance.updates.trial import keepsakes, record
from appliance.updates.trial.copying import DATABASE, drop_copy
from appliance.updates.trial.model import (
    Committed,
    Failure,
    Kept,
    Outcome,
    Release,
    Report,
    Rollback,
    Trial,
    TrialState,
)
from appliance.updates.trial.places import Places
from appliance.updates.trial.readable import readable
from appliance.updates.trial.words import lost

_log = logging.getLogger(__name__)

T = TypeVar("T")

RETURNED: Final = "returned"
REFUSED: Final = "refused"
_MAX_LOST: Final = 200  # kinds; names of tables come from the other version's journal
ROLLED_BACK: Final = "rolled_back"
SILENT: Final = (
    "The new version did not come up, and could not say why: it hung, the kernel stopped, or the power went off."
)
GIVEN_UP: Final = "The version did not start any more, and the box went back to the one before."
ASKED: Final = "Somebody asked for it."
_NOT_STARTED: Final = "Somebody asked for it, but the box started version {} again, and stays with that."
_RESTORED: Final = (
    "A backup was restored after the update. What is here now is from before the update; what came after it lies in {}."
)
_FILES_STAY: Final = "Small files of before the update cannot be used ({}); those of now stay in their place."
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_OF_THE_MACHINE: Final = (errno.ENOMEM, errno.EMFILE, errno.ENFILE)  # they pass, and say nothing of the copy
_NO_COPY: Final = (
    "The copy of before the update cannot be used ({}). The database is made again from the last nightly copy and the"
    " journal."
)


def begin_return(places: Places, trial: Trial | None, kept: Kept | None, now_ms: int) -> Trial:
    """Write down that the box returns, and why. Raises OSError, StorageError when there is nothing to return to."""
    rollback = record.rollback(places)
    if trial is None:
        if kept is None:
            raise StorageError("there is no copy of the state of before the update; nothing was changed")
        why = GIVEN_UP
        trial = Trial(kept.id, TrialState.RETURNING, kept.origin, kept.target, now_ms, tries=0)
        trial = msgspec.structs.replace(trial, failures=(Failure(why, at_ms=now_ms),))
    asked = rollback is not None and rollback.target == trial.target
    if rollback is not None and asked:
        told = Failure(f"{ASKED} {rollback.note}".strip(), at_ms=now_ms)
        trial = msgspec.structs.replace(trial, failures=(*trial.failures, told))
    trial = msgspec.structs.replace(trial, state=TrialState.RETURNING, manual=asked, built=False, outcome=None)
    record.write_trial(places, trial)
    return trial


def finish_return(places: Places, now_ms: int) -> Report:
    """Bring a return to its end, wherever it was cut off. Raises StorageError, OSError; the next start goes on."""
    trial = record.trial(places)
    if trial is None:
        raise StorageError("no return is under way")
    old, why = keepsakes.unpack(places.before / keepsakes.ARCHIVE)
    if not trial.built:
        outcome = _build(places, trial, record.kept(places))
        outcome = msgspec.structs.replace(outcome, files_note=_FILES_STAY.format(why) if why else "")
        trial = msgspec.structs.replace(trial, built=True, outcome=outcome)
        record.write_trial(places, trial)
    with places.as_owner():
        _swap(places, trial)
        _set_copies_aside(places, trial)
        back = keepsakes.unreadable(places.state, old, lambda *file: readable(places.state, *file))
        keepsakes.put_back(places.state, places.aside(trial.id), back)
        files = tuple(sorted({*back, *keepsakes.set_aside(places.aside(trial.id))}))
    report = _report(places, trial, files, now_ms)
    record.write_report(places, report)
    _settle(places, trial.origin, now_ms)
    drop_copy(places)
    record.close_trial(places)
    _log.warning("the box is back at %s: %s", trial.origin, report.reason)
    return report


def close_refused(places: Places, trial: Trial, now_ms: int) -> Report:
    """Tell that a version was never tried; the state was not touched. Raises OSError."""
    report = Report(trial.id, REFUSED, trial.origin, trial.target, now_ms, trial.refusal, tries=trial.tries)
    record.write_report(places, report)
    drop_copy(places)
    record.close_trial(places)
    return report


def stay(places: Places, rollback: Rollback, now_ms: int) -> Report:
    """Tell that the version to which somebody asked to go back does not start. Raises OSError."""
    running, wanted = rollback.target, rollback.origin
    reason = _NOT_STARTED.format(running.version)
    report = Report(record.next_id(places), REFUSED, running, wanted, now_ms, reason, tries=rollback.tries)
    record.write_report(places, report)
    record.close_rollback(places)
    return report


def _build(places: Places, trial: Trial, kept: Kept | None) -> Outcome:
    """Make the old database with what came since, under a name of its own."""
    with places.as_owner():
        _remove_unbuilt(places)
    if kept is None or not kept.database:
        return Outcome(note=_NO_COPY.format("there is none"))
    try:
        _put_copy(places)
        with places.as_owner():
            lineage_holds = continues(places.paths.journal, kept.lineage)
            outcome = _replayed(places, trial, lineage_holds)
    except StorageFullError:
        raise
    except OSError as error:  # of writing or of the journal: the copy is sound, and it is tried again
        if error.errno in _FULL:
            raise StorageFullError(f"the old database cannot be put back ({error}); free some space") from error
        raise StorageError(f"the old database cannot be put back ({error}); check the disk") from error
    except (sqlite3.Error, StorageError) as error:
        told = translate(error, places.returning) if isinstance(error, sqlite3.Error) else error
        if isinstance(told, StorageFullError):
            raise StorageFullError(f"the old database cannot be put back ({told}); free some space") from error
        with places.as_owner():
            _remove_unbuilt(places)
        return Outcome(note=_NO_COPY.format(told))
    return outcome


class _Copy:
    """The copy of before, whose own errors are told from those of writing: no waiting mends a bad block."""

    def __init__(self, path: Path) -> None:
        self._file = self._read(lambda: path.open("rb"))

    def __enter__(self) -> _Copy:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, count: int = -1) -> bytes:
        return self._read(lambda: self._file.read(count))

    @staticmethod
    def _read(step: Callable[[], T]) -> T:
        try:
            return step()
        except OSError as error:
            if error.errno in _OF_THE_MACHINE:
                raise
            raise DamagedError(f"it cannot be read: {error.strerror or error}") from error


def _put_copy(places: Places) -> None:
    with _Copy(places.before / DATABASE) as source, places.as_owner():
        descriptor = os.open(places.returning, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)


def _replayed(places: Places, trial: Trial, lineage_holds: bool) -> Outcome:
    connection = connect_writer(places.returning)
    try:
        if problems := check(connection):
            raise DamagedError("; ".join(problems[:3]))
        held = replay(connection, places.paths.journal) if lineage_holds else None
        if problems := check(connection):
            raise DamagedError("; ".join(problems[:3]))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    finally:
        connection.close()
    with places.returning.open("rb") as file:
        os.fsync(file.fileno())
    journals.flush_directory(places.state)
    if held is None:
        return Outcome(note=_RESTORED.format(places.aside(trial.id)), copied=True)
    told = tuple(lost(loss, count, trial.target) for loss, count in held.lost[:_MAX_LOST])
    return Outcome(held.batches, held.records, held.missing, held.damaged, told, copied=True)


def _swap(places: Places, trial: Trial) -> None:
    """Let the old database take its place. Whatever of the newer one is still there goes aside first."""
    aside, live, outcome = places.aside(trial.id), places.paths.database, trial.outcome or Outcome()
    ready = places.returning.exists()
    if not ready and (outcome.copied or (aside / DATABASE).exists()):
        return  # done before the cut
    if aside.is_symlink() or (aside.exists() and not aside.is_dir()):
        aside.unlink()  # nobody but a faulty gateway makes one; it must not keep the box from returning
    aside.mkdir(mode=0o700, exist_ok=True)
    for suffix in ("-wal", "-shm", "-journal", ""):
        part = live.with_name(live.name + suffix)
        if part.exists():
            os.rename(part, aside / part.name)
    marker = damage_marker(live)
    if marker.exists():
        os.rename(marker, aside / marker.name)
    if ready and outcome.note and places.paths.journal.exists() and not (aside / "journal").exists():
        # Another history: its numbers say nothing about this database.
        os.rename(places.paths.journal, aside / "journal")
        places.paths.journal.mkdir(mode=0o700)
    if ready:
        os.rename(places.returning, live)
    journals.flush_directory(aside)
    journals.flush_directory(places.state)


def _set_copies_aside(places: Places, trial: Trial) -> None:
    """Nightly copies of the newer version are no use to this one, and would be taken first for a rebuild."""
    live, aside = places.paths.database, places.aside(trial.id) / "backups"
    known = _migrations(str(live)) if live.exists() else None
    for path in sorted(places.paths.backups.glob("homarus-*.sqlite")):
        found = _migrations(str(path)) if path.is_file() else None
        if found is None or known is None or found <= known:
            continue
        aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        for one in (archive_of(path), path):
            if one.exists():
                os.rename(one, aside / one.name)


def _migrations(path: str) -> frozenset[str] | None:
    """Return what was applied to a database, None for one that cannot be read."""
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        try:
            return frozenset(applied(connection))
        finally:
            connection.close()
    except sqlite3.Error:
        return None


def _report(places: Places, trial: Trial, files: tuple[str, ...], now_ms: int) -> Report:
    outcome = trial.outcome or Outcome()
    last = trial.failures[-1] if trial.failures else Failure(SILENT)
    return Report(
        id=trial.id,
        kind=ROLLED_BACK if trial.manual else RETURNED,
        origin=trial.origin,
        target=trial.target,
        at_ms=now_ms,
        reason=last.reason,
        units=last.units,
        gate=last.gate,
        journal=last.journal,
        tries=trial.tries,
        replayed=outcome.replayed,
        changes=outcome.changes,
        missing=outcome.missing,
        damaged=outcome.damaged,
        lost=outcome.lost,
        files=files,
        aside=str(places.aside(trial.id)),
        note=" ".join(filter(None, (outcome.note, outcome.files_note))),
    )


def _settle(places: Places, origin: Release, now_ms: int) -> None:
    own = record.committed(places)
    if own is None or own.release != origin:
        record.write_committed(places, Committed(origin, now_ms))


def _remove_unbuilt(places: Places) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        places.returning.with_name(places.returning.name + suffix).unlink(missing_ok=True)
