"""Asking systemd for something that goes on after the answer."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from appliance.hostservice.frame import RequestError

Run: TypeAlias = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]
_TIMEOUT_S: Final = 15.0


def run_command(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program, never through a shell, and return what it said."""
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)


def begin(*arguments: str, run: Run = run_command) -> None:
    """Let systemd begin what `systemctl ARGUMENTS` means and do not wait for its end. Raises RequestError."""
    argv = ["systemctl", "--no-block", *arguments]
    try:
        done = run(argv)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RequestError("host_failed", f"systemd does not answer: {error}.") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().rsplit("\n", 1)[-1] or f"status {done.returncode}"
        raise RequestError("host_failed", f"`{' '.join(argv)}` failed: {said.rstrip('.')}.")
