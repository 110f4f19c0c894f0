"""An engine at a Unix socket that says what a test wants, in the frames of the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from appliance.engine import api

INFO = api.Info(
    name="local", model="m.gguf", description="M", architecture="llama", parameters=1, size_bytes=1, context=4096,
    trained_context=4096, vocabulary=3, embeddings=False, generates=True, template="", tool_format="hermes",
    threads=1, active=0, waiting=0, resident_sequences=0, pid=1, build="",
)  # fmt: skip


@asynccontextmanager
async def speaking(
    socket: Path, say: Callable[[api.Generate], list[api.StreamAnswer]], *, prefill: float = 0.0, decode: float = 0.0
) -> AsyncIterator[None]:
    """Answer `info` with these rates and every request with what `say` returns."""
    info = msgspec.structs.replace(INFO, prefill_rate=prefill, decode_rate=decode)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = api.body_length(await reader.readexactly(api.HEADER_BYTES))
        request = api.decode_request(await reader.readexactly(length))
        for answer in say(request) if isinstance(request, api.Generate) else [info]:
            writer.write(api.encode(answer))
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, path=str(socket))
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()
