"""The floor of a page: one line of text and a field that opens when a WebSocket has said welcome. No library at all."""

from __future__ import annotations

import asyncio

import uvloop
from aiohttp import web

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


async def _serve() -> None:
    app = web.Application()
    app.router.add_get("/ws", _socket)
    app.router.add_get("/{tail:.*}", _page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve())
