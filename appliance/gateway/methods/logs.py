"""logs.tail: the log file of the gateway, piece by piece. Secrets were masked when it was written."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from appliance.gateway.method import Call, Method
from appliance.protocol.methods.base import UNSET
from appliance.protocol.methods.logs import LogsTailParams, LogsTailResult


def read_tail(path: Path, cursor: int | None, *, limit: int, max_bytes: int) -> LogsTailResult:
    """Return the lines after `cursor` (bytes), or the last ones without it.

    Cursors stand behind a line end. One that does not (the file was rotated and begun anew) is dropped and said so
    with `reset`. A line that is not complete yet waits for the next call. A missing file is an empty one.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return LogsTailResult(file=str(path), cursor=0, size=0, lines=[], reset=bool(cursor))
    with os.fdopen(descriptor, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        reset = cursor is not None and not _fits(file.fileno(), cursor, size)
        wanted = None if reset else cursor
        start = max(0, size - max_bytes) if wanted is None else wanted
        skipped = 0
        if wanted is not None and size - wanted > max_bytes:
            # Too much was written since: what is skipped is counted, never silently lost.
            start = size - max_bytes
            skipped = start - wanted
        file.seek(start)
        chunk = file.read(size - start)
    if start > 0 and start != wanted:
        first_end = chunk.find(b"\n") + 1
        start, chunk = start + first_end, chunk[first_end:]
    chunk = chunk[: chunk.rfind(b"\n") + 1]
    lines = chunk.decode(errors="replace").split("\n")[:-1]
    return LogsTailResult(
        file=str(path),
        cursor=start + len(chunk),
        size=size,
        lines=lines[-limit:],
        truncated=(start > 0 and wanted is None) or skipped > 0 or len(lines) > limit,
        reset=reset,
        skipped_bytes=skipped or UNSET,
    )


def _fits(descriptor: int, cursor: int, size: int) -> bool:
    if cursor > size:
        return False
    return cursor == 0 or os.pread(descriptor, 1, cursor - 1) == b"\n"


def methods(*, log_file: Path) -> tuple[Method, ...]:
    """Return logs.tail for one file."""

    async def tail(_: Call, params: LogsTailParams) -> LogsTailResult:
        return await asyncio.to_thread(
            read_tail, log_file, params.cursor, limit=params.limit, max_bytes=params.max_bytes
        )

    return (Method("logs.tail", "operator.read", LogsTailParams, tail, result=LogsTailResult),)
