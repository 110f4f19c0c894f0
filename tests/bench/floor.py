"""The floor: an aiohttp WebSocket that echoes, and one durable SQLite commit for each message that asks for it.

What a gateway on the same libraries could do at best, if it did nothing. A message that starts with "c" is committed.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path

import uvloop
from aiohttp import WSMsgType, web

DATABASE = web.AppKey("database", sqlite3.Connection)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    return connection


async def _echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    await socket.send_str("welcome")
    database = request.app[DATABASE]
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            if message.data.startswith("c"):
                database.execute("INSERT INTO messages (text) VALUES (?)", (message.data,))
            await socket.send_str(message.data)
    return socket


async def serve(app: web.Application) -> None:
    """Serve `app` on a free port, print the port, and stay."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def _floor(state: Path) -> None:
    app = web.Application()
    app[DATABASE] = _open(state / "floor.sqlite")
    app.router.add_get("/", _echo)
    await serve(app)


if __name__ == "__main__":
    uvloop.run(_floor(Path(sys.argv[1])))
