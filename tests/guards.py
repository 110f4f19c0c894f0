"""What every test is held to: loopback only, no thread, task or open file left behind."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from appliance.host.interfaces import addresses

_SETTLE_S = 3.0  # a thread that was told to stop may need a moment
_PATIENT_THREADS = ("asyncio_", "ThreadPoolExecutor", "pytest_timeout", "pydevd")  # pools that end with their owner


class NetworkGuard:
    """Refuse connections that leave this machine, and remember them: swallowing the error does not help a test."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    def install(self) -> None:
        """Watch every `socket.connect` of this process for as long as it lives (an audit hook cannot be removed)."""
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and not is_local(arguments[1]):
            self.refused.append(str(arguments[1]))
            raise OSError(f"tests reach this machine only, not {arguments[1]}")

    def take(self) -> list[str]:
        """Return what was refused since the last call."""
        refused, self.refused = self.refused, []
        return refused


def is_local(address: object) -> bool:
    """True for Unix sockets and for the addresses of this machine itself."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0]).split("%")[0]
    if host in ("localhost", ""):
        return True
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        return False
    return parsed.is_loopback or parsed.is_unspecified or any(one.ip == parsed for one in addresses())


class TaskGuard:
    """Remember tasks that were still running when the loop of a test was closed."""

    def __init__(self) -> None:
        self._left: list[str] = []

    def install(self) -> None:
        """Look at the tasks where `asyncio.Runner` cancels them: the one place that sees every loop end."""
        original = asyncio.runners._cancel_all_tasks  # type: ignore[attr-defined]  # no public way to see the end

        def cancel_all(loop: asyncio.AbstractEventLoop) -> None:
            self._left += [repr(task.get_coro()) for task in asyncio.all_tasks(loop) if not task.done()]
            original(loop)

        asyncio.runners._cancel_all_tasks = cancel_all  # type: ignore[attr-defined]  # see above

    def take(self) -> list[str]:
        """Return the tasks left since the last call."""
        left, self._left = self._left, []
        return left


def new_threads(before: frozenset[int]) -> list[str]:
    """Wait until the threads started since `before` have ended; name those that did not."""
    deadline = time.monotonic() + _SETTLE_S
    while left := [each for each in threading.enumerate() if each.ident not in before and not _patient(each)]:
        if time.monotonic() > deadline:
            return [each.name for each in left]
        time.sleep(0.01)
    return []


def _patient(thread: threading.Thread) -> bool:
    return thread.name.startswith(_PATIENT_THREADS)


def thread_ids() -> frozenset[int]:
    """Return the threads that run now."""
    return frozenset(each.ident for each in threading.enumerate() if each.ident is not None)


def open_files() -> dict[str, int]:
    """Count what this process holds open, by target; sockets and pipes count as one kind each."""
    counts: dict[str, int] = {}
    for target in _targets():
        kind = target.partition(":")[0]
        name = kind if kind in ("socket", "anon_inode", "pipe") else target
        counts[name] = counts.get(name, 0) + 1
    return counts


def _targets() -> Iterator[str]:
    for name in os.listdir("/proc/self/fd"):
        try:
            yield os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:  # the descriptor of this very listing
            continue
