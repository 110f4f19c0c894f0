"""homarus.backup.take: a checked copy of the database while it is in use, for `homarus backup create`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from appliance.gateway.method import Call, Method
from appliance.protocol.methods.backups import TakeParams, TakeResult
from appliance.protocol.roles import ADMIN


def methods(*, take: Callable[[], Awaitable[Path]], box: str, name: str, version: str) -> tuple[Method, ...]:
    """Return the method. `take` makes the copy and returns where it lies."""

    async def copy(_: Call, params: TakeParams) -> TakeResult:
        return TakeResult(path=str(await take()), box=box, name=name, version=version)

    return (Method("homarus.backup.take", ADMIN, TakeParams, copy, result=TakeResult),)
