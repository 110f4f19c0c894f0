"""Vectors for texts: a context of its own, mean pooled, several short texts in one batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from appliance.engine.native.context import Context, Entry, Outcome
from appliance.engine.native.library import NativeError, last_errors, llama
from appliance.engine.native.model import Model

_SEQUENCES = 16
_MAX_WINDOW_TOKENS = 512
# every token of an embedding batch gets a row of logits too, wanted or not
_MAX_LOGITS_BYTES = 64 * 1024 * 1024
_MIN_WINDOW_TOKENS = 64


class TextTooLongError(NativeError):
    """A text does not fit the window of the model and cannot be read in parts."""

    code = "text_too_long"

    def __init__(self, tokens: int, window: int) -> None:
        super().__init__(f"the text has {tokens} tokens, but the model reads {window}")
        self.tokens, self.window = tokens, window


class Embedder:
    """Makes vectors of length 1. The context is made at the first use: most boxes never need it."""

    def __init__(self, model: Model, *, threads: int) -> None:
        self._model = model
        self._threads = threads
        self._context: Context | None = None
        affordable = _MAX_LOGITS_BYTES // (4 * model.size)
        window = max(_MIN_WINDOW_TOKENS, min(_MAX_WINDOW_TOKENS, affordable))
        self.window = min(window, model.trained_context or window)

    def close(self) -> None:
        """Free the context."""
        if self._context is not None:
            self._context.close()
            self._context = None

    def tokens(self, text: str) -> list[int]:
        """Return the tokens of a text as the model wants to read them. Raises NativeError."""
        tokens = self._model.tokenize(text, special=False)
        return [self._model.bos, *tokens] if self._model.adds_bos else tokens or [max(self._model.eos, 0)]

    def vectors(self, texts: Sequence[Sequence[int]]) -> Iterator[list[list[float]]]:
        """Yield the vectors of the tokenised texts in their order, some at a time, one batch between two yields.

        A text over the window is read in parts and their vectors averaged by length; a model that reads in both
        directions cannot do that. Raises NativeError, TextTooLongError.
        """
        if not self._model.generates and (longest := max(map(len, texts))) > self.window:
            raise TextTooLongError(longest, self.window)
        sums: dict[int, Any] = {}
        pending: list[tuple[int, Sequence[int]]] = []
        done = 0
        for index, tokens in enumerate(texts):
            for start in range(0, len(tokens), self.window):
                part = tokens[start : start + self.window]
                if len(pending) == _SEQUENCES or sum(len(p) for _, p in pending) + len(part) > self.window:
                    self._read(pending, sums)
                    pending = []
                    # all texts before this one are complete
                    yield [_unit(sums.pop(number)) for number in range(done, index)]
                    done = index
                pending.append((index, part))
        self._read(pending, sums)
        yield [_unit(sums.pop(number)) for number in range(done, len(texts))]

    def _read(self, parts: Sequence[tuple[int, Sequence[int]]], sums: dict[int, Any]) -> None:
        """Decode one batch and add each part's vector, weighed by its length, to the sum of its text."""
        context = self._context = self._context or self._make()
        entries = [
            Entry(token, position, sequence, True)
            for sequence, (_, tokens) in enumerate(parts)
            for position, token in enumerate(tokens)
        ]
        context.clear()
        if (outcome := context.decode(entries)) is not Outcome.OK:
            raise NativeError(f"llama_decode of an embedding: {outcome.name.lower()}, {last_errors()}")
        for sequence, (index, tokens) in enumerate(parts):
            vector = context.embedding(sequence) * len(tokens)
            sums[index] = sums[index] + vector if index in sums else vector

    def _make(self) -> Context:
        return Context(
            self._model,
            cells=max(self.window, 256),
            batch=self.window,
            sequences=_SEQUENCES,
            threads=self._threads,
            pooling=llama.LLAMA_POOLING_TYPE_MEAN,
        )


def _unit(vector: Any) -> list[float]:
    length = float(np.linalg.norm(vector))
    return [float(value) for value in (vector / length if length > 0 else vector)]
