"""Children that are processes of ours."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from appliance.supervisor.spawning.base import INHERITED, Order

_LAUNCH = Path(__file__).parents[1] / "launch.py"


class ForkSpawner:
    """Starts a child in a session of its own; it does not outlive us, and secrets are never inherited."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {key: value for key, value in environ.items() if key in INHERITED}

    async def spawn(self, order: Order) -> ForkedChild:
        """Start it; a program that is not there is an exit status of 127. Raises OSError."""
        pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        duties = (str(os.getpid()), str(order.nice), str(order.oom_score_adj))
        return ForkedChild(
            await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", str(_LAUNCH), *duties, *order.argv,
                env=self._environ | dict(order.env),
                stdin=pipe if order.stdin else null, stdout=pipe, stderr=pipe,
                start_new_session=True,  # Ctrl-C in the terminal of the gateway is not for the child
            )
        )  # fmt: skip


class ForkedChild:
    """A process of ours (base.Running)."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None or process.stderr is None:
            raise ValueError("a child without pipes")
        self._process = process
        self.pid = process.pid
        self.stdin = process.stdin
        self.stdout = process.stdout
        self.stderr = process.stderr

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for its end and return its exit status."""
        return await self._process.wait()

    def terminate(self) -> None:
        """Ask it to end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End it and whatever it left behind: it leads a session of its own."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def aclose(self) -> None:
        """Kill what is left and wait for the end."""
        self.kill()
        await self._process.wait()
