"""A child that is asked once: what it read, what it said, how it ended."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace

from appliance.supervisor.spawning.base import Order, Running, Spawner


@dataclass(frozen=True, slots=True)
class Done:
    """How a child ended and all that it said."""

    returncode: int
    stdout: bytes
    stderr: bytes


async def collect(spawner: Spawner, order: Order, stdin: bytes | None = None) -> Done:
    """Start a child, let it read `stdin`, and wait for its end. Raises OSError.

    Whoever is cancelled, or runs out of time, ends the child with it.
    """
    child = await spawner.spawn(replace(order, stdin=stdin is not None))
    try:
        async with asyncio.TaskGroup() as group:
            out = group.create_task(child.stdout.read())
            errors = group.create_task(child.stderr.read())
            group.create_task(_feed(child, stdin))
            code = await child.wait()
        return Done(code, out.result(), errors.result())
    finally:
        await child.aclose()


async def _feed(child: Running, stdin: bytes | None) -> None:
    if child.stdin is None or stdin is None:
        return
    with contextlib.suppress(OSError):  # it has ended without reading everything; its status says why
        child.stdin.write(stdin)
        await child.stdin.drain()
        child.stdin.close()
