"""Asking systemd for something that goes on after the answer."""

from __future__ import annotations

from functools import partial
from typing import Final

from appliance.host.running.commands import Run, last_line, run_command
from appliance.hostservice.frame import RequestError

_TIMEOUT_S: Final = 15.0
_RUN: Final[Run] = partial(run_command, timeout_s=_TIMEOUT_S)


def begin(*arguments: str, run: Run = _RUN) -> None:
    """Let systemd begin what `systemctl ARGUMENTS` means and do not wait for its end. Raises RequestError."""
    argv = ["systemctl", "--no-block", *arguments]
    done = run(argv)
    if done.returncode != 0:
        raise RequestError("host_failed", f"`{' '.join(argv)}` failed: {last_line(done)}.")
