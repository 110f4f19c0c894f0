"""A model service that answers at once: chat completions as a stream, with as little work as can be.

It repeats the last numbered question ("turn 12 of 3"), so that an answer which is lost, doubled or given to another
session shows in the transcripts.
"""

from __future__ import annotations

import asyncio
import re
from typing import cast

import uvloop

_QUESTION = re.compile(rb"turn \d+ of \d+")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"
_CHUNK = b'data: {"id":"c","object":"chat.completion.chunk","model":"instant","choices":[{"index":0,'
_DELTA = _CHUNK + b'"delta":{"content":"%b"}}]}\n\n'
_END = (
    _CHUNK + b'"delta":{},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":40,"completion_tokens":8,"total_tokens":48}}\n\ndata: [DONE]\n\n'
)


def answer(request: bytes) -> bytes:
    """Return the whole response to a request body: five pieces of text, the end, the usage."""
    asked = _QUESTION.findall(request)
    words = b"This is answer to " + (asked[-1] if asked else b"something")
    size = -(-len(words) // 5)
    pieces = [words[start : start + size] for start in range(0, len(words), size)]
    body = b"".join(_DELTA % piece for piece in pieces) + _END
    return _HEAD % len(body) + body


class _Service(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n") + 4) > 3:
            length = _LENGTH.search(self._buffer, 0, end)
            whole = end + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                return
            self._transport.write(answer(self._buffer[end:whole]))
            self._buffer = self._buffer[whole:]


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Service, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
