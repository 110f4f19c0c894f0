"""The state of one sequence as bytes. llama.cpp checks little of what it is given: only proved bytes come here."""

from __future__ import annotations

import ctypes

import numpy as np

from appliance.engine.native.context import Context
from appliance.engine.native.library import NativeError, last_errors, llama


class SequenceStates:
    """Reads and writes whole sequences of a context."""

    def __init__(self, context: Context) -> None:
        self._context = context
        # the same pointers; their owner is the context, which must outlive this
        self._handle, self._memory = context.handle, context.memory

    def size(self, sequence: int) -> int:
        """Return how many bytes `export` returns."""
        return int(llama.llama_state_seq_get_size(self._handle, sequence))

    def export(self, sequence: int) -> memoryview:
        """Return the state of a sequence; nothing else refers to the memory. Raises NativeError."""
        size = self.size(sequence)
        data = np.empty(size, np.uint8)  # not zeroed first: a state may have a hundred megabytes
        pointer = data.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        written = llama.llama_state_seq_get_data(self._handle, pointer, size, sequence)
        if size == 0 or written != size:
            raise NativeError(f"llama.cpp wrote {written} of {size} bytes of a state: {last_errors()}")
        return memoryview(data)

    def insert(self, sequence: int, blob: bytes | bytearray | memoryview, start: int, end: int, *, exact: bool) -> bool:
        """Put the state of the positions [start, end) into an empty sequence; False: llama.cpp refused it.

        `exact`: every position must be there; else (a sliding window, a recurrent state) only the last one. A
        sequence that does not hold what was promised is emptied.
        """
        data = np.frombuffer(blob, np.uint8)
        pointer = data.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        read = llama.llama_state_seq_set_data(self._handle, pointer, len(data), sequence)
        first, last = self.range(sequence)
        if read == len(data) and last == end - 1 and (first == start or not exact):
            return True
        last_errors()
        self.drop(sequence)
        return False

    def range(self, sequence: int) -> tuple[int, int]:
        """Return the first and the last position of a sequence, -1 and -1 when it is empty."""
        memory = self._memory
        first = llama.llama_memory_seq_pos_min(memory, sequence)
        return int(first), int(llama.llama_memory_seq_pos_max(memory, sequence))

    def share_range(self, source: int, target: int, start: int, end: int) -> None:
        """Let `target` hold the positions [start, end) of `source` too; no cell is copied."""
        llama.llama_memory_seq_cp(self._memory, source, target, start, end)

    def drop(self, sequence: int) -> None:
        """Empty a sequence."""
        self._context.drop(sequence)
