"""What a check may look at: files below a root, the room on a disk, and a few programs that only tell."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

Run: TypeAlias = Callable[[Sequence[str]], str | None]
"""Runs a program that changes nothing; what it wrote, or None where it is missing, failed or took too long."""

_TIMEOUT_S: Final = 4.0
_MAX_FILE_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Space:
    """Room on a file system for those who are not root. Bytes; `files` is 0 where it does not count them."""

    total: int
    free: int
    files: int = 0
    files_free: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the box. `state`: the state directory of the gateway; `alone`: its lock is ours, no gateway runs."""

    root: Path
    now_ms: int
    state: Path | None = None
    alone: bool = False
    run: Run = field(default=lambda argv: None)
    space: Callable[[Path], Space | None] = field(default=lambda path: None)

    def text(self, path: str) -> str:
        """Return a small file below the root; "" where it cannot be read."""
        try:
            return begin_of(self.root / path, follow=True).decode("utf-8", "replace").strip("\0 \n")
        except OSError:
            return ""

    def number(self, path: str) -> int | None:
        """Return the decimal number of a file; None where there is none."""
        text = self.text(path)
        return int(text) if text.removeprefix("-").isdecimal() else None

    def json(self, path: str) -> Mapping[str, Any]:
        """Return the JSON object of a file; empty where there is none."""
        return json_object(self.text(path))

    def matches(self, pattern: str) -> list[Path]:
        """Return what lies below the root under a pattern, sorted; what cannot be listed is not there."""
        try:
            return sorted(self.root.glob(pattern))
        except OSError:
            return []

    def there(self, path: str) -> bool:
        """Tell whether something is there; False where nobody may look."""
        try:
            return (self.root / path).exists()
        except OSError:
            return False


def begin_of(path: Path, limit: int = _MAX_FILE_BYTES, *, follow: bool = False) -> bytes:
    """Return up to `limit` bytes of a regular file. Raises OSError, also for a link unless it is to be followed.

    Root looks into folders of a gateway that may have been taken over: a link there would show a file of root's to
    whoever helps, and a named pipe would stop the look for ever.
    """
    more = os.O_NONBLOCK if follow else os.O_NONBLOCK | os.O_NOFOLLOW
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | more)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a file")
        return file.read(limit)


def json_object(text: str | None) -> Mapping[str, Any]:
    """Return the object in a text; empty for anything else."""
    try:
        value = json.loads(text or "")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def here(now_ms: int, state: Path | None, *, alone: bool = False) -> Look:
    """Return a look at this machine."""
    return Look(Path("/"), now_ms, state, alone, run_program, space_of)


def run_program(argv: Sequence[str]) -> str | None:
    """Run a program without a shell, with an empty standard input. Never raises."""
    environment = {**os.environ, "LC_ALL": "C", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"}
    try:
        done = subprocess.run(
            argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=_TIMEOUT_S, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def space_of(path: Path) -> Space | None:
    """Return the room on the file system of a path; None where it cannot be asked."""
    try:
        told = os.statvfs(path)
    except OSError:
        return None
    return Space(told.f_blocks * told.f_frsize, told.f_bavail * told.f_frsize, told.f_files, told.f_favail)
