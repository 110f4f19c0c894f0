"""A context: the cache of attention states and the decoding of batches, with a flag that aborts from outside."""

from __future__ import annotations

import ctypes
import ctypes.util
import enum
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from appliance.engine.native.library import NativeError, last_errors, llama
from appliance.engine.native.model import Model
from appliance.engine.profile import EngineProfile

# by address: a pointer object and what it points at are two more objects per token
_logits_address = ctypes.CFUNCTYPE(ctypes.c_void_p, llama.llama_context_p_ctypes, ctypes.c_int32)(
    ctypes.cast(llama.llama_get_logits_ith, ctypes.c_void_p).value or 0
)


class Entry(NamedTuple):
    """One token of a batch."""

    token: int
    position: int
    sequence: int
    wants_logits: bool


class Outcome(enum.Enum):
    """What llama_decode said. After ABORTED and FATAL parts of the batch may be in the cache."""

    OK = 0
    NO_SLOT = 1
    ABORTED = 2
    INVALID = -1
    FATAL = -2

    @classmethod
    def of(cls, code: int) -> Outcome:
        """Read a return code; unknown ones are fatal, as llama.h says of everything below -1."""
        return cls(code) if code in (0, 1, 2, -1) else cls.FATAL


class AbortFlag:
    """A flag that native code reads by itself, many times per token, without Python.

    The callback of llama.cpp gets a pointer and answers true to abort: libc's `strlen` over a two-byte buffer is
    exactly that. A Python callback would take the interpreter lock hundreds of times per token.
    """

    def __init__(self) -> None:
        self._text = ctypes.create_string_buffer(2)
        libc = ctypes.CDLL(None)
        self.callback = ctypes.cast(libc.strlen, llama.ggml_abort_callback)

    @property
    def address(self) -> ctypes.c_void_p:
        return ctypes.cast(self._text, ctypes.c_void_p)

    def set(self) -> None:
        """Abort the decode that is running, or the next one."""
        self._text[0] = b"\1"

    def clear(self) -> None:
        self._text[0] = b"\0"


class Context:
    """Cells for `cells` tokens shared by `sequences` sequences (unified), batches of at most `batch` tokens."""

    def __init__(
        self,
        model: Model,
        *,
        cells: int,
        batch: int,
        sequences: int,
        threads: int,
        pooling: int | None = None,
        outputs: int = 0,
        profile: EngineProfile | None = None,
        abort: AbortFlag | None = None,
    ) -> None:
        """Make the context. Raises NativeError.

        `pooling` (LLAMA_POOLING_TYPE_*) makes it one for embeddings. At most `outputs` entries of a batch may want
        logits (`sequences` by default). `profile` sets attention and cache types; threads are given apart.
        """
        profile = profile or EngineProfile()
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = cells
        parameters.n_batch = parameters.n_ubatch = batch
        parameters.n_seq_max = sequences
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.kv_unified = True  # else every sequence silently gets cells / sequences
        parameters.swa_full = True  # a rewound sliding window is wrong without a word
        parameters.flash_attn_type = (
            llama.LLAMA_FLASH_ATTN_TYPE_ENABLED if profile.flash_attention else llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        parameters.type_k = cache_type(profile.type_k)
        parameters.type_v = cache_type(profile.type_v)
        parameters.no_perf = True
        if pooling is None:
            parameters.n_outputs_max = min(max(outputs, sequences), batch)
        else:
            parameters.embeddings = True
            parameters.pooling_type = pooling
        self.abort = abort or AbortFlag()
        parameters.abort_callback = self.abort.callback
        parameters.abort_callback_data = self.abort.address
        self._model = model
        self._handle = llama.llama_init_from_model(model.handle, parameters)
        if not self._handle:
            raise NativeError(f"llama.cpp cannot make a context: {last_errors() or 'not enough memory?'}")
        self._memory = llama.llama_get_memory(self._handle)
        self.cells = int(llama.llama_n_ctx(self._handle))
        self.capacity = batch
        self._window = model.sliding_window
        self._batch = llama.llama_batch_init(batch, 0, 1)
        for index in range(batch):
            self._batch.n_seq_id[index] = 1
        # a field of a structure is a new pointer object at each access
        self._columns = (self._batch.token, self._batch.pos, self._batch.seq_id, self._batch.logits)
        self._row = ctypes.c_float * model.size
        self._use_adapters()

    def _use_adapters(self) -> None:
        adapters = self._model.adapters
        if not adapters:
            return
        handles = (llama.llama_adapter_lora_p_ctypes * len(adapters))(*(adapter.handle for adapter in adapters))
        scales = (ctypes.c_float * len(adapters))(*(adapter.scale for adapter in adapters))
        if llama.llama_set_adapters_lora(self._handle, handles, len(adapters), scales):
            raise NativeError(f"llama.cpp cannot apply the adapters: {last_errors()}")

    @property
    def handle(self) -> Any:
        """The native context, for the other modules of this package."""
        return self._handle

    @property
    def memory(self) -> Any:
        """The native cache, for the other modules of this package."""
        return self._memory

    def set_threads(self, single: int, batch: int) -> None:
        """Set how many threads the next decode uses: for one token, and for more than one."""
        llama.llama_set_n_threads(self._handle, single, batch)

    def close(self) -> None:
        """Free the context; a second time does nothing."""
        if not self._handle:
            return
        llama.llama_batch_free(self._batch)
        llama.llama_free(self._handle)
        self._handle = None

    def decode(self, entries: Sequence[Entry]) -> Outcome:
        """Decode a batch of 1 to `capacity` entries. Blocks; the interpreter lock is free meanwhile."""
        if not 0 < len(entries) <= self.capacity:
            raise ValueError(f"a batch of {len(entries)} entries, but 1 to {self.capacity} fit")
        tokens, positions, sequences, wanted = self._columns
        for index, (token, position, sequence, wants_logits) in enumerate(entries):
            tokens[index] = token
            positions[index] = position
            sequences[index][0] = sequence
            wanted[index] = wants_logits
        self._batch.n_tokens = len(entries)
        return Outcome.of(llama.llama_decode(self._handle, self._batch))

    def logits(self, index: int) -> Any:
        """Return the logits after entry `index` of the last batch, float32 of the size of the vocabulary.

        The array is a view that the next decode overwrites. Raises NativeError.
        """
        address = _logits_address(self._handle, index)
        if not address:
            raise NativeError(f"llama.cpp has no logits for entry {index}")
        return np.frombuffer(self._row.from_address(address), np.float32)

    def embedding(self, sequence: int) -> Any:
        """Return a copy of the pooled embedding of a sequence. Raises NativeError."""
        pointer = llama.llama_get_embeddings_seq(self._handle, sequence)
        if not pointer:
            raise NativeError("llama.cpp computed no embedding")
        return np.ctypeslib.as_array(pointer, shape=(self._model.width,)).copy()

    def cut(self, sequence: int, start: int) -> bool:
        """Take everything from position `start` on out of a sequence. False: it cannot be cut, only dropped.

        Of a sliding window llama.cpp says yes and computes nonsense where the cells before `start` are gone.
        """
        if self._window and not self._reaches(sequence, start):
            return False
        return bool(llama.llama_memory_seq_rm(self._memory, sequence, start, -1))

    def _reaches(self, sequence: int, start: int) -> bool:
        """Return whether all cells are there that a token at position `start` attends to: itself and those before."""
        first = int(llama.llama_memory_seq_pos_min(self._memory, sequence))
        return first <= max(0, start - self._window + 1)

    def drop(self, sequence: int) -> None:
        """Empty a sequence."""
        llama.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def share(self, source: int, target: int, end: int) -> None:
        """Let `target` begin with the positions [0, end) of `source`; the cells are shared, not copied."""
        llama.llama_memory_seq_cp(self._memory, source, target, 0, end)

    def clear(self) -> None:
        """Empty every sequence."""
        if self._memory:  # a model without cache (an encoder) has none
            llama.llama_memory_clear(self._memory, False)


def cache_type(name: str) -> int:
    """Return the number of a ggml type."""
    return int(getattr(llama, f"GGML_TYPE_{name.upper()}"))
