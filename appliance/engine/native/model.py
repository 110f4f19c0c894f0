"""A loaded model: its vocabulary and what its header says."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from appliance.engine.native.library import NativeError, last_errors, llama

_PIECE_BYTES = 256
_META_BYTES = 4096
# Texts of some vocabularies (tekken, gpt-4o, deepseek) are split by std::regex, which recurses for each character of a
# word: one of 20,000 without a space overflows the stack and ends the process.
_LONGEST_RUN_CHARS = 4096
_RUNS = re.compile(r"\S+|\s+")


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter that is loaded; its native state lives as long as the model."""

    path: Path
    scale: float
    handle: Any


class Model:
    """A GGUF in memory (mapped: pages are shared between processes and reloading is cheap)."""

    def __init__(self, path: Path) -> None:
        """Load `path`. Raises NativeError."""
        parameters = llama.llama_model_default_params()
        parameters.n_gpu_layers = 0
        parameters.load_mode = llama.LLAMA_LOAD_MODE_MMAP
        self.path = path
        self.handle = llama.llama_model_load_from_file(str(path).encode(), parameters)
        if not self.handle:
            raise NativeError(f"llama.cpp cannot load {path.name}: {last_errors() or 'no reason given'}")
        self.vocabulary = llama.llama_model_get_vocab(self.handle)
        self.size = llama.llama_vocab_n_tokens(self.vocabulary)
        self._pieces: dict[int, bytes] = {}
        self.adapters: tuple[Adapter, ...] = ()

    def close(self) -> None:
        """Free the model. No context may be left."""
        llama.llama_model_free(self.handle)
        self.handle = None

    def adapt(self, path: Path, scale: float = 1.0) -> None:
        """Load a LoRA adapter; contexts that are made after this use it. Raises NativeError."""
        handle = llama.llama_adapter_lora_init(self.handle, str(path).encode())
        if not handle:
            raise NativeError(f"llama.cpp cannot load the adapter {path.name}: {last_errors() or 'no reason given'}")
        self.adapters += (Adapter(path, scale, handle),)

    # ---- header

    def meta(self, key: str) -> str | None:
        """Return one value of the header as text, cut at 4096 bytes."""
        buffer = ctypes.create_string_buffer(_META_BYTES)
        length = llama.llama_model_meta_val_str(self.handle, key.encode(), buffer, _META_BYTES)
        return None if length < 0 else buffer.value.decode("utf-8", "replace")

    @property
    def template(self) -> str | None:
        """The Jinja source of the chat template."""
        source = llama.llama_model_chat_template(self.handle, None)
        return source.decode("utf-8", "replace") if source else None

    @property
    def architecture(self) -> str:
        return self.meta("general.architecture") or "unknown"

    @property
    def name(self) -> str:
        return self.meta("general.name") or self.path.stem

    @property
    def description(self) -> str:
        buffer = ctypes.create_string_buffer(_META_BYTES)
        llama.llama_model_desc(self.handle, buffer, _META_BYTES)
        return buffer.value.decode("utf-8", "replace")

    @property
    def parameters(self) -> int:
        return int(llama.llama_model_n_params(self.handle))

    @property
    def size_bytes(self) -> int:
        return int(llama.llama_model_size(self.handle))

    @property
    def trained_context(self) -> int:
        return int(llama.llama_model_n_ctx_train(self.handle))

    @property
    def width(self) -> int:
        """The length of an embedding."""
        return int(llama.llama_model_n_embd(self.handle))

    @property
    def is_embedder(self) -> bool:
        """Whether the model was made for vectors: a pooling in its header, or attention in both directions."""
        pooling = self.meta(f"{self.architecture}.pooling_type")
        causal = self.meta(f"{self.architecture}.attention.causal")
        return pooling not in (None, "0") or causal == "false"

    @property
    def generates(self) -> bool:
        """Whether the model can continue a text."""
        return self.meta(f"{self.architecture}.attention.causal") != "false" and not llama.llama_model_has_encoder(
            self.handle
        )

    @property
    def can_rewind(self) -> bool:
        """Whether the end of a sequence can be taken back: recurrent states cannot."""
        return not (llama.llama_model_is_recurrent(self.handle) or llama.llama_model_is_hybrid(self.handle))

    @property
    def sliding_window(self) -> int:
        """Tokens that the layers with a sliding window look back; 0 when there are none."""
        return int(llama.llama_model_n_swa(self.handle))

    # ---- vocabulary

    @cached_property
    def bos(self) -> int:
        """The token that begins a text, -1 when there is none."""
        return int(llama.llama_vocab_bos(self.vocabulary))

    @cached_property
    def eos(self) -> int:
        return int(llama.llama_vocab_eos(self.vocabulary))

    @cached_property
    def adds_bos(self) -> bool:
        return bool(llama.llama_vocab_get_add_bos(self.vocabulary)) and self.bos >= 0

    @cached_property
    def specials(self) -> dict[str, int]:
        """Return control tokens, and user-defined ones that look like marks, by their text.

        llama.cpp finds user-defined tokens inside any text, whatever `parse_special` says.
        """
        found = {}
        for token in range(self.size):
            kind = self._attribute(token)
            if kind & (llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_USER_DEFINED):
                text = llama.llama_vocab_get_text(self.vocabulary, token).decode("utf-8", "replace")
                if kind & llama.LLAMA_TOKEN_ATTR_CONTROL or (text[:1] in "<[" and any(map(str.isalpha, text))):
                    found[text] = token
        return found

    @cached_property
    def controls(self) -> frozenset[int]:
        """The control tokens that do not end an answer."""
        return frozenset(
            token
            for token in self.specials.values()
            if self._attribute(token) & llama.LLAMA_TOKEN_ATTR_CONTROL and not self.ends(token)
        )

    def _attribute(self, token: int) -> int:
        return int(llama.llama_vocab_get_attr(self.vocabulary, token))

    def ends(self, token: int) -> bool:
        """Return whether the token ends an answer."""
        return bool(llama.llama_vocab_is_eog(self.vocabulary, token))

    def piece(self, token: int) -> bytes:
        """Return the bytes of a token; those of a control token are its name."""
        if (piece := self._pieces.get(token)) is None:
            piece = self._pieces[token] = self._piece(token)
        return piece

    def _piece(self, token: int) -> bytes:
        size = _PIECE_BYTES
        for _ in range(2):
            buffer = ctypes.create_string_buffer(size)
            length = llama.llama_token_to_piece(self.vocabulary, token, buffer, size, 0, True)
            if length >= 0:
                return buffer.raw[:length]
            size = -length
        raise NativeError(f"llama.cpp has no text for token {token}")

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Return the tokens of `text`; with `special` the names of control tokens become those tokens.

        What has no space for 4,096 characters is read in parts of that length: longer words crash llama.cpp.
        """
        return [token for part in self._parts(text) for token in self._tokens(part, special=special)]

    def _parts(self, text: str) -> Iterator[str]:
        start = 0
        for run in _RUNS.finditer(text) if len(text) > _LONGEST_RUN_CHARS else ():
            for at in range(run.start() + _LONGEST_RUN_CHARS, run.end(), _LONGEST_RUN_CHARS):
                end = self._before_name(text, at)
                yield text[start:end]
                start = end
        yield text[start:]

    def _before_name(self, text: str, at: int) -> int:
        """Return `at`, or where the name of a control token begins that stands across it."""
        for name in self.specials:
            begin = text.find(name, max(0, at - len(name) + 1), at + len(name) - 1)
            if begin >= 0:
                return begin
        return at

    def _tokens(self, text: str, *, special: bool) -> list[int]:
        data = text.encode("utf-8", "replace")
        capacity = len(data) + 8
        for _ in range(2):
            tokens: Any = (llama.llama_token * capacity)()
            count = llama.llama_tokenize(self.vocabulary, data, len(data), tokens, capacity, False, special)
            if count >= 0:
                return list(tokens[:count])
            capacity = -count
        raise NativeError("llama.cpp cannot tokenise this text")
