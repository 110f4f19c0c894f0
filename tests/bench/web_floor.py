"""The floor of a page: one line of text and a field that opens when a WebSocket has said welcome. No library at all."""

from __future__ import annotations

import uvloop
from aiohttp import web

from tests.bench.floor import serve

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>floor</title><main><p>Hello</p></main>
<script>new WebSocket(`ws://${location.host}/ws`).onmessage = () =>
  document.querySelector("main").append(document.createElement("textarea"));</script></html>"""


async def _page(_: web.Request) -> web.Response:
    return web.Response(text=_PAGE, content_type="text/html")


async def _socket(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    await socket.send_str("hello-ok")
    async for _ in socket:
        pass
    return socket


async def _floor() -> None:
    app = web.Application()
    app.router.add_get("/ws", _socket)
    app.router.add_get("/{tail:.*}", _page)
    await serve(app)


if __name__ == "__main__":
    uvloop.run(_floor())
