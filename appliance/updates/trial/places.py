"""Where the records, the copy and the state lie, and as whom they are touched."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.foundation.paths import StatePaths


@dataclass(frozen=True, slots=True)
class Places:
    """`updates` is root's (records, the copy of before); `state` is the gateway's, and only it may be trusted there."""

    updates: Path
    state: Path

    @classmethod
    def on(cls, root: Path = Path("/")) -> Places:
        """Return the places of a box whose file system begins at `root`."""
        return cls(root / "data/system/updates", root / "var/lib/homarus")

    @property
    def paths(self) -> StatePaths:
        return StatePaths(self.state, self.state / "homarus.json5")

    @property
    def committed(self) -> Path:
        return self.updates / "committed.json"

    @property
    def trial(self) -> Path:
        return self.updates / "trial.json"

    @property
    def answered(self) -> Path:
        return self.updates / "answered.json"

    @property
    def rollback(self) -> Path:
        """There from the moment somebody asks to go back until the slot is marked good: which version may start."""
        return self.updates / "rollback.json"

    @property
    def reports(self) -> Path:
        return self.updates / "reports"

    @property
    def before(self) -> Path:
        """The copy of before the last update. Root's: no fault of a new version reaches it."""
        return self.updates / "before"

    @property
    def unfinished(self) -> Path:
        return self.updates / "before.unfinished"

    @property
    def returning(self) -> Path:
        """The old database with what was replayed, until it takes its place."""
        return self.state / "homarus.sqlite.returning"

    def aside(self, trial_id: str) -> Path:
        """Where the database of a version goes that was taken back."""
        return self.state / f"before-return-{trial_id}"

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Let nobody else end a trial meanwhile: the gate that takes it over, and the deadline that gives it up."""
        self.updates.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(self.updates, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def as_owner(self) -> Iterator[None]:
        """Act as the owner of the state: a link that a faulty gateway left leads nowhere it could not go itself."""
        status = self.state.stat()
        if os.geteuid() != 0 or status.st_uid == 0:
            yield
            return
        groups, group = os.getgroups(), os.getegid()
        os.setgroups([])
        os.setegid(status.st_gid)
        os.seteuid(status.st_uid)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(group)
            os.setgroups(groups)
