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

    Under uvloop all writes of one turn of the loop leave in one system call, so nothing is gathered here.
    """

    __slots__ = ("_frames", "_transport", "max_bytes", "max_frames")

    def __init__(
        self, transport: asyncio.Transport, *, max_bytes: int = MAX_BUFFERED_BYTES, max_frames: int = MAX_FRAMES
    ) -> None:
        self._transport = transport
        self._frames = 0
        self.max_bytes = max_bytes
        self.max_frames = max_frames

    def write(self, payload: bytes) -> bool:
        """Send one text frame; False, and nothing sent, when it does not fit any more."""
        waiting = self._transport.get_write_buffer_size()
        if not waiting:
            self._frames = 0
        elif waiting + len(payload) > self.max_bytes or self._frames >= self.max_frames:
            return False
        self._frames += 1
        self._transport.write(encode_frame(Opcode.TEXT, payload))
        return True
