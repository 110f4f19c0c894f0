"""Other programs of this machine, run to their end; one that is not there or hangs has a status too, as in a shell."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

_log = logging.getLogger(__name__)
_TIMEOUT_S: Final = 120.0
_REBOOT_S: Final = 30.0
_TIMED_OUT: Final = 124  # timeout(1)
_NOT_RUN: Final = 127  # sh(1)

Run: TypeAlias = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


def run_command(argv: Sequence[str], *, timeout_s: float = _TIMEOUT_S) -> subprocess.CompletedProcess[str]:
    """Run a program, never through a shell, and return its status and what it said. Never raises for the program."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False, timeout=timeout_s)
    except OSError as error:
        return subprocess.CompletedProcess(argv, _NOT_RUN, "", f"{argv[0]} does not run: {error.strerror}")
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(argv, _TIMED_OUT, "", f"{argv[0]} did not end within {timeout_s:g} seconds")


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line that a program said, as part of a sentence; its status where it said nothing."""
    said = (done.stderr or done.stdout).strip().rsplit("\n", 1)[-1]
    return said.rstrip(".") or f"status {done.returncode}"


def reboot(*, force: bool = False) -> bool:
    """Begin to restart the box; return whether systemd took the order. `force`: services are not waited for then."""
    orders = [["systemctl", "--no-block", "reboot"], ["systemctl", "--force", "reboot"]]
    for argv in orders[: 1 + force]:
        done = run_command(argv, timeout_s=_REBOOT_S)
        if done.returncode == 0:
            return True
        _log.error("%s: %s", " ".join(argv), last_line(done))
    return False
