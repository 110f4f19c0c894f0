"""The gateway's end of a node's connection, without a gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from appliance.client.connection import Event
from appliance.client.errors import ConnectionLost


class Wire:
    """Stands for the connection: what the gateway sends is put in, what the node calls is kept."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.inbox: asyncio.Queue[Event | None] = asyncio.Queue()

    async def call(self, method: str, params: Any = None, **more: Any) -> Any:
        self.calls.append((method, params))
        return {"ok": True}

    async def events(self) -> AsyncIterator[Event]:
        while (event := await self.inbox.get()) is not None:
            yield event
        raise ConnectionLost("over")

    def invoke(
        self, invoke_id: str, command: str, params: Any = None, timeout_ms: int = 5000, key: str | None = None
    ) -> None:
        payload = {"id": invoke_id, "nodeId": "n", "command": command, "timeoutMs": timeout_ms}
        if key is not None:
            payload["idempotencyKey"] = key
        if params is not None:
            payload["paramsJSON"] = params if isinstance(params, str) else json.dumps(params)
        self.inbox.put_nowait(Event("node.invoke.request", payload, None, False))

    def cancel(self, invoke_id: str) -> None:
        self.inbox.put_nowait(Event("node.invoke.cancel", {"id": invoke_id}, None, False))

    async def results(self, count: int) -> dict[str, dict[str, Any]]:
        async with asyncio.timeout(10):
            while len(found := {p["id"]: p for m, p in self.calls if m == "node.invoke.result"}) < count:
                await asyncio.sleep(0.005)
        return found
