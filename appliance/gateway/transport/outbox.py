"""The bounded way out of one connection: what a slow client has not read yet."""

from __future__ import annotations

import asyncio
from typing import Final

from appliance.gateway.transport.websocket import Opcode, encode_frame
from appliance.protocol.version import MAX_BUFFERED_BYTES

MAX_FRAMES: Final = 100_000
"""Unsent frames. Small frames cost more memory than their bytes, so bytes alone would not bound it."""


class Outbox:
    """Writes frames to a transport and knows when the client is too slow.

    Frames of one turn of the loop leave together: uvloop makes a system call of each write, and a model that streams
    makes dozens of events.
    """

    __slots__ = ("_frames", "_gathered", "_gathered_bytes", "_transport", "max_bytes", "max_frames")

    def __init__(
        self, transport: asyncio.Transport, *, max_bytes: int = MAX_BUFFERED_BYTES, max_frames: int = MAX_FRAMES
    ) -> None:
        self._transport = transport
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._frames = 0
        self.max_bytes = max_bytes
        self.max_frames = max_frames

    @property
    def waiting_bytes(self) -> int:
        """What the client has not taken yet, as far as this process can tell."""
        return self._transport.get_write_buffer_size() + self._gathered_bytes

    def write(self, payload: bytes) -> bool:
        """Send one text frame; False, and nothing sent, when it does not fit any more."""
        waiting = self.waiting_bytes
        if not waiting:
            self._frames = 0
        elif waiting + len(payload) > self.max_bytes or self._frames >= self.max_frames:
            return False
        self._frames += 1
        frame = encode_frame(Opcode.TEXT, payload)
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self.flush)
        self._gathered.append(frame)
        self._gathered_bytes += len(frame)
        return True

    def flush(self) -> None:
        """Hand over what was gathered. Call it before anything else is written to the transport."""
        gathered, self._gathered, self._gathered_bytes = self._gathered, [], 0
        if gathered and not self._transport.is_closing():
            self._transport.write(gathered[0] if len(gathered) == 1 else b"".join(gathered))
