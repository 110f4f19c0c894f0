"""The only place that starts a background task, so that none is lost or silent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

_log = logging.getLogger(__name__)
T = TypeVar("T")


def start(coroutine: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
    """Start `coroutine` for a caller that waits for the task itself, and so sees how it ends."""
    return asyncio.get_running_loop().create_task(coroutine, name=name)


async def to_the_end(coroutine: Coroutine[Any, Any, T], *, name: str) -> T:
    """Await `coroutine`; a cancellation of the caller waits until it has ended, so it never happens by half.

    The cancellation then goes on; a failure of `coroutine` in that time is only logged.
    """
    task = start(coroutine, name=name)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("task %s failed while its caller was cancelled: %s", name, error)
        raise


class TaskSet:
    """A set of background tasks with one owner: failures are logged, `aclose` cancels and waits for all."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, coroutine: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Start `coroutine`; keep a reference until it ends and log it if it fails."""
        task = asyncio.get_running_loop().create_task(coroutine, name=f"{self._name}:{name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task %s failed", task.get_name(), exc_info=error)

    async def wait(self, timeout_s: float) -> bool:
        """Wait until every task has ended; return False when some have not within `timeout_s`."""
        if not self._tasks:
            return True
        _, pending = await asyncio.wait(list(self._tasks), timeout=timeout_s)
        return not pending

    async def aclose(self) -> None:
        """Cancel every task and wait until each has ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
