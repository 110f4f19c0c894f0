"""Runs one program: no shell, its own process group, bounded output, an end in time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from appliance.foundation.tasks import TaskSet

MAX_OUTPUT_BYTES: Final = 200_000
_CHUNK_BYTES: Final = 16_384
_GRACE_S: Final = 2.0
_KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME", "SHELL", "XDG_RUNTIME_DIR", "DISPLAY")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended. `exit_code` is None when it was killed; output beyond the bound is cut in front, the end counts."""

    exit_code: int | None
    timed_out: bool
    stdout: str
    stderr: str


class _Tail:
    """The last bytes of a stream."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._cut = False

    def add(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > MAX_OUTPUT_BYTES:
            del self._data[: len(self._data) - MAX_OUTPUT_BYTES]
            self._cut = True

    def text(self) -> str:
        text = self._data.decode("utf-8", "replace")
        return f"… (the beginning is cut)\n{text}" if self._cut else text


def environment(environ: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return what a program sees: a few harmless variables and what the caller added. Secrets are not among them."""
    harmless = {name: environ[name] for name in _KEPT if name in environ}
    unsafe = ("LD_", "DYLD_", "PYTHON", "NODE_OPTIONS", "BASH_ENV", "ENV")
    added = {name: value for name, value in more.items() if not name.upper().startswith(unsafe) and name != "PATH"}
    return {**harmless, **added}


async def run(
    argv: Sequence[str],
    *,
    cwd: str | None,
    env: Mapping[str, str],
    timeout_s: float,
    told: Callable[[str], Awaitable[None]] | None = None,
) -> Outcome:
    """Run `argv` to its end, to the end of its time, or until cancelled; nothing of it is left behind.

    Raises OSError when it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=cwd,
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    out, err = _Tail(), _Tail()
    readers = TaskSet("output of a program")
    readers.spawn(_read(process.stdout, out, told), name="stdout")
    readers.spawn(_read(process.stderr, err, None), name="stderr")
    timed_out = False
    try:
        try:
            async with asyncio.timeout(timeout_s):
                await process.wait()
        except TimeoutError:
            timed_out = True
        if not timed_out:
            await readers.wait(_GRACE_S)  # a grandchild may hold the pipes open
    finally:
        await _end(process)
        await readers.aclose()
    code = process.returncode
    return Outcome(
        code if not timed_out and code is not None and code >= 0 else None, timed_out, out.text(), err.text()
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the whole group; the program itself first gets a moment to end well."""
    if process.returncode is None:
        _signal(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                await process.wait()
    _signal(process.pid, signal.SIGKILL)
    await process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


async def _read(
    stream: asyncio.StreamReader | None, tail: _Tail, told: Callable[[str], Awaitable[None]] | None
) -> None:
    while stream is not None and (data := await stream.read(_CHUNK_BYTES)):
        tail.add(data)
        if told is not None:
            await told(data.decode("utf-8", "replace"))
