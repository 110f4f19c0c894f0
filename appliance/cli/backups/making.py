"""Makes a sealed backup: the gateway copies the database, this process packs and seals."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click

from appliance import __version__
from appliance.cli.session import CliSession
from appliance.cli.system import as_owner
from appliance.client.errors import GatewayAway
from appliance.foundation.atomicfile import write_atomic
from appliance.health.checks.backups import EXPORTED
from appliance.health.checks.database import odd_files
from appliance.storage.age import seal
from appliance.storage.age.stanza import Wraps
from appliance.storage.copies import whole
from appliance.storage.errors import StorageError
from appliance.storage.lock import StateLock


@dataclass(frozen=True, slots=True)
class Taken:
    """A copy of the database, and whose it is."""

    path: Path
    box: str
    name: str
    version: str


def make(cli: CliSession, target: Path, recipients: Sequence[Wraps], now_ms: int) -> tuple[Path, whole.Whole]:
    """Write a backup to `target`, or into it where it is a folder; return the file and what is in it."""
    state = cli.paths.root
    if not cli.paths.database.is_file():
        raise click.UsageError(f"There is nothing to back up: {state} has no database yet.")
    with copy_of(cli, now_ms) as taken:
        file = _name(target, taken.name, now_ms)
        with as_owner(state):  # links in the state, and the copy that the gateway names, lead root nowhere else
            head = whole.Head(
                version=taken.version,
                made_ms=now_ms,
                box=taken.box,
                name=taken.name,
                schema=whole.schema_of(taken.path),
                models=tuple(whole.models_of(cli.paths.models)),
            )
        with _new(file) as stream:
            sealed = seal(stream, recipients)
            with as_owner(state):
                done = whole.write(sealed, state, taken.path, head)
            sealed.finish()
    with as_owner(state):
        write_atomic(state / EXPORTED, json.dumps({"atMs": now_ms}).encode())
    return file, done


@contextmanager
def copy_of(cli: CliSession, now_ms: int) -> Iterator[Taken]:
    """Yield a copy of the database: from the gateway, or, where none runs, made under the lock of the state.

    Read it `as_owner` of the state: whatever the gateway names is no more than its own.
    """
    try:
        told = cli.call("homarus.backup.take", {}, timeout_s=1800)
    except GatewayAway:
        with _own_copy(cli, now_ms) as taken:
            yield taken
        return
    taken = Taken(Path(told["path"]), told["box"], told["name"], told["version"])
    with as_owner(cli.paths.root):
        _expect_plain(taken.path)
    try:
        yield taken
    finally:
        with as_owner(cli.paths.root):  # the gateway said which file: it may not be one that only root could remove
            taken.path.unlink(missing_ok=True)


@contextmanager
def _own_copy(cli: CliSession, now_ms: int) -> Iterator[Taken]:
    from appliance.storage.backup import copy

    target = cli.paths.backups / "taken" / "homarus-own.sqlite"
    with as_owner(cli.paths.root):
        lock = StateLock.acquire(cli.paths.lock, now_ms=now_ms)
    try:
        with as_owner(cli.paths.root):
            _expect_plain(cli.paths.database)
            copy(cli.paths.database, target)
            taken = Taken(target, _box(cli.paths.root), _host(), __version__)
        yield taken  # the backup itself goes where whoever asked may write
    finally:
        with as_owner(cli.paths.root):
            target.unlink(missing_ok=True)
        lock.release()


def _expect_plain(database: Path) -> None:
    """Raise StorageError for a named pipe: whoever reads that waits for ever."""
    if odd := odd_files(database):
        raise StorageError(f"{odd[0]} is no file; move it away")


def _box(state: Path) -> str:
    """Return the id of the box, as its devices know it."""
    from appliance.identity.box_key import BoxKey

    return BoxKey.open(state / "device.key").device_id if (state / "device.key").is_file() else ""


def _host() -> str:
    return socket.gethostname().split(".", 1)[0].lower() or "homarus"


def _name(target: Path, box: str, now_ms: int) -> Path:
    if not target.is_dir():
        return target
    stamp = f"{datetime.fromtimestamp(now_ms / 1000, UTC):%Y%m%dT%H%M%SZ}"
    box = re.sub(r"[^a-z0-9-]", "", box.lower())[:63] or "box"  # the gateway says it
    return target / f"homarus-{box}-{stamp}.age"


@contextmanager
def _new(file: Path) -> Iterator[IO[bytes]]:
    """Yield a file that gets its name when it is whole and on the disk; an earlier one is kept until then."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)  # of one that was cut off; whatever else has this name is not written through
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            _give(stream.fileno())
        os.replace(part, file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    descriptor = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _give(file: int) -> None:
    """Give a file that was made with sudo to who ran it."""
    user, group = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if os.geteuid() == 0 and user.isdecimal() and group.isdecimal():
        os.fchown(file, int(user), int(group))
