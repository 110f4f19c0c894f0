"""Server-sent events: a response that grows, and notices when nobody reads it any more."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

_KEEP_ALIVE_S = 15.0


class EventStream:
    """One streaming response. A write to a caller that went away raises ConnectionError (aiohttp)."""

    def __init__(self, request: web.Request, monotonic: float) -> None:
        self._request = request
        self._response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-cache",
                "X-Accel-Buffering": "no",
            }
        )
        self._last_s = monotonic

    @property
    def response(self) -> web.StreamResponse:
        return self._response

    async def start(self) -> None:
        await self._response.prepare(self._request)

    async def send(self, value: Any, *, event: str | None = None) -> None:
        """Write one event with JSON data."""
        head = f"event: {event}\n".encode() if event else b""
        await self._response.write(head + b"data: " + msgspec.json.encode(value) + b"\n\n")

    async def done(self) -> None:
        """Write the mark that ends a stream of chat completions."""
        await self._response.write(b"data: [DONE]\n\n")

    async def quiet(self, monotonic: float) -> None:
        """Nothing to say: look whether the caller is there, and from time to time show that we are."""
        if gone(self._request):
            raise ConnectionResetError("the caller went away")
        if monotonic - self._last_s >= _KEEP_ALIVE_S:
            self._last_s = monotonic
            await self._response.write(b": keep-alive\n\n")


def gone(request: web.Request) -> bool:
    """Return whether the caller closed the connection."""
    return request.transport is None or request.transport.is_closing()
