"""Reads and writes the records. Each is replaced as a whole; one that cannot be read counts as none."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Final

import msgspec

from appliance.foundation.atomicfile import write_atomic
from appliance.storage.journal import flush_directory
from appliance.updates.reading import read_record
from appliance.updates.trial.model import Answered, Committed, Kept, Report, Rollback, Trial
from appliance.updates.trial.places import Places

_MAX_BYTES: Final = 4 * 1024 * 1024  # several times what the bounds of its parts allow
_MODE: Final = 0o640  # the gateway shows them to the owner; the tail of the journal is nobody else's
ABOUT: Final = "about.json"
MAX_REPORTS: Final = 20


def committed(places: Places) -> Committed | None:
    """Return the version that the box counts as its own; None before the first start."""
    return read_record(places.committed, Committed, _MAX_BYTES)


def trial(places: Places) -> Trial | None:
    """Return the trial that is open."""
    return read_record(places.trial, Trial, _MAX_BYTES)


def kept(places: Places) -> Kept | None:
    """Return what is known of the copy of before the last update."""
    return read_record(places.before / ABOUT, Kept, _MAX_BYTES)


def write_committed(places: Places, record: Committed) -> None:
    """Write which version is the box's own. Raises OSError."""
    _write(places, places.committed, record)


def write_trial(places: Places, record: Trial) -> None:
    """Write where the trial stands. Raises OSError."""
    _write(places, places.trial, record)


def rollback(places: Places) -> Rollback | None:
    """Return the way back that somebody asked for, as long as it is not over."""
    return read_record(places.rollback, Rollback, _MAX_BYTES)


def write_rollback(places: Places, record: Rollback) -> None:
    """Write that somebody asked to go back, and how far that is. Raises OSError."""
    _write(places, places.rollback, record)


def close_rollback(places: Places) -> None:
    """Forget what was asked for: it is done, or did not come. Raises OSError."""
    remove(places.rollback)


def close_trial(places: Places) -> None:
    """Forget the trial. Raises OSError."""
    remove(places.trial)


def answered(places: Places) -> Answered:
    """Return which models answered when the box was last looked at; none where nothing is known."""
    return read_record(places.answered, Answered, _MAX_BYTES) or Answered()


def write_answered(places: Places, record: Answered) -> None:
    """Write which models answer. A box writes it once, and again only when that changed. Raises OSError."""
    if record != read_record(places.answered, Answered, _MAX_BYTES):
        _write(places, places.answered, record)


def write_report(places: Places, record: Report) -> None:
    """Write one report; the oldest ones go. Raises OSError."""
    _folder(places.reports, 0o750)
    _own(places, places.reports)
    _write(places, places.reports / f"{record.id}.json", record)
    for old in report_files(places)[MAX_REPORTS:]:
        old.unlink()


def report_files(places: Places) -> list[Path]:
    """Return the files of the reports, newest first: their names count up."""
    return sorted(places.reports.glob("????.json"), reverse=True)


def next_id(places: Places) -> str:
    """Return a name that no trial had: the clock of a box without a network may stand in 1970 at every start."""
    open_one, copy = trial(places), kept(places)
    known = [path.stem for path in report_files(places)]
    known += [one.id for one in (open_one, copy) if one is not None]
    return f"{max((int(name) for name in known if name.isdigit()), default=0) + 1:04d}"


def read_report(path: Path) -> Report | None:
    """Return one report, None for what cannot be read."""
    return read_record(path, Report, _MAX_BYTES)


def remove(path: Path) -> None:
    """Remove a file or a folder for good; nothing happens when it is not there. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()
    else:
        return
    flush_directory(path.parent)


def _write(places: Places, path: Path, record: msgspec.Struct) -> None:
    _folder(places.updates, 0o755)
    write_atomic(path, msgspec.json.format(msgspec.json.encode(record)) + b"\n", mode=_MODE)
    _own(places, path)


def _folder(path: Path, mode: int) -> None:
    """Make a folder with this mode, whatever the umask of the service takes away."""
    if not path.is_dir():
        path.mkdir(parents=True)
        os.chmod(path, mode)


def _own(places: Places, path: Path) -> None:
    """Let the group of the gateway read it, where there is such a user."""
    with contextlib.suppress(FileNotFoundError):
        if os.geteuid() == 0:
            os.chown(path, 0, places.state.stat().st_gid)
