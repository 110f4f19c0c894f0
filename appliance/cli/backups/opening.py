"""Opens a sealed backup: to see whether it is good, or to become the box that it was."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from appliance.cli.backups.rehearsal import known_schema, rehearse
from appliance.cli.session import CliSession
from appliance.cli.system import as_owner
from appliance.foundation.errors import ApplianceError
from appliance.host.box import read_box
from appliance.host.running.systemctl import SYSTEM_STATE, Service
from appliance.storage.age import open_sealed
from appliance.storage.age.payload import PIECE
from appliance.storage.age.stanza import Unwraps
from appliance.storage.copies import takeover, whole
from appliance.storage.lock import StateLock
from appliance.updates.trial.copying import drop_copy
from appliance.updates.trial.places import Places
from appliance.updates.trial.report import trial_open

_MAGIC: Final = b"age-encryption.org/"


class OnTrial(ApplianceError):
    """A version of the system is being tried, with the state that is here."""

    code = "update_trial"


def is_sealed(file: Path) -> bool:
    """Tell whether a file is one of these, not a plain copy of a database."""
    try:
        with file.open("rb") as opened:
            return opened.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def verify(
    cli: CliSession, file: Path, keys: Sequence[Unwraps], scratch: Path | None
) -> tuple[whole.Whole, Mapping[str, Any]]:
    """Open a backup, check each file and open the database as a gateway would. Raises StorageError.

    It is unpacked in `scratch`, else beside the copies of this state, as their owner; /tmp of a box is memory.
    """
    beside = cli.paths.backups if scratch is None and os.access(cli.paths.backups, os.W_OK) else None
    with file.open("rb") as raw, as_owner(beside) if beside is not None else nullcontext():
        room = Path(tempfile.mkdtemp(prefix="homarus-verify-", dir=scratch or beside))
        try:
            found = _from(raw, keys, room)
            return found, rehearse(room)
        finally:
            shutil.rmtree(room, ignore_errors=True)


def restore(cli: CliSession, file: Path, keys: Sequence[Unwraps], now_ms: int) -> tuple[whole.Whole, Path]:
    """Put a backup into the state directory; return what it is and where lies what was there. Raises StorageError.

    Nothing there changes before the backup was read to its end, checked and opened.
    """
    on_box = _on_box(cli)
    # The file is opened as whoever asks: the owner of the state may not read it.
    with file.open("rb") as raw, resting(cli):
        done = _replace(cli, raw, keys, now_ms)
        if on_box is not None:
            # The state of before the last update is that of another box now: nobody may go back to it.
            drop_copy(on_box)
    return done


def _on_box(cli: CliSession) -> Places | None:
    """Return where the records of updates lie, on a box of ours. Raises OnTrial."""
    if read_box() is None or cli.paths.root != SYSTEM_STATE:
        return None
    if trial_open():
        raise OnTrial("An update is on trial and may still return with its own state; restore when it was kept.")
    return Places.on()


def _replace(cli: CliSession, raw: io.BufferedReader, keys: Sequence[Unwraps], now_ms: int) -> tuple[whole.Whole, Path]:
    with as_owner(cli.paths.root):
        cli.paths.create()
        lock = StateLock.acquire(cli.paths.lock, now_ms=now_ms)
        room = takeover.room_in(cli.paths.root)
        try:
            found = _from(raw, keys, room)
            rehearse(room)
            return found, takeover.take_over(cli.paths.root, room, now_ms)
        finally:
            takeover.discard(room)
            lock.release()


def _from(raw: io.BufferedReader, keys: Sequence[Unwraps], room: Path) -> whole.Whole:
    known = known_schema()
    return whole.read(io.BufferedReader(open_sealed(raw, keys), PIECE), room, known=known)


@contextmanager
def resting(cli: CliSession) -> Iterator[None]:
    """Stop the gateway that the system runs on this state, and start it again afterwards; one of a person is theirs."""
    service = Service.of_the_system(cli.paths.root)
    stopped = service is not None and service.stop()
    try:
        yield
    finally:
        if service is not None and stopped:
            service.start()
