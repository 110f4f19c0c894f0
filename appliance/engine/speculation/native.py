"""The draft model on llama.cpp: a second model with a context of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from appliance.engine.native.context import Context, Entry, Outcome
from appliance.engine.native.library import NativeError
from appliance.engine.native.model import Model
from appliance.engine.speculation.draftmodel import DraftModel, Ticks, difference, unsuitable

_BATCH_TOKENS = 128


class DraftError(NativeError):
    """A draft model cannot serve this model; the engine goes on without one."""

    code = "engine_draft"


class DraftContext:
    """Satisfies `Native` of the draft model; owns model and context."""

    def __init__(self, model: Model, context: Context) -> None:
        self._model = model
        self._context = context
        self._weights = np.empty(model.size, np.float32)

    def decode(self, entries: Sequence[tuple[int, int, int, bool]]) -> bool:
        """Decode a batch; an abort of the main model does not reach here."""
        return self._context.decode([Entry(*entry) for entry in entries]) is Outcome.OK

    def best(self, index: int) -> tuple[int, float]:
        logits = self._context.logits(index)
        token = int(logits.argmax())
        np.subtract(logits, logits[token], out=self._weights)
        np.exp(self._weights, out=self._weights)
        return token, 1.0 / float(self._weights.sum())

    def cut(self, sequence: int, start: int) -> bool:
        return self._context.cut(sequence, start)

    def drop(self, sequence: int) -> None:
        self._context.drop(sequence)

    def close(self) -> None:
        self._context.close()
        self._model.close()


def draft_bytes(path: Path | None, target: Model, *, forced: bool = False) -> int:
    """Return what the weights of a draft model take in memory, 0 where none will be loaded."""
    if path is None or unsuitable(target.parameters, forced=forced):
        return 0
    with contextlib.suppress(OSError):  # `open_draft` says so
        return path.stat().st_size
    return 0


def open_draft(
    path: Path, target: Model, *, lanes: int, cells: int, threads: int, ticks: Ticks, forced: bool = False
) -> DraftModel:
    """Load a draft model for `target`; `lanes` answers share `cells` tokens. Raises DraftError."""
    if reason := unsuitable(target.parameters, forced=forced):
        raise DraftError(f"{path.name} is not used: {reason}.")
    model = Model(path)
    try:
        if not (model.generates and model.can_rewind):
            raise DraftError(f"{path.name} is not used: it cannot take guesses back.")
        if reason := difference(target, model):
            raise DraftError(f"{path.name} is not used: {reason}; take the small model of the same family.")
        context = Context(model, cells=cells, batch=_BATCH_TOKENS, sequences=lanes, threads=threads)
    except NativeError:
        model.close()
        raise
    return DraftModel(DraftContext(model, context), lanes=lanes, cells=cells, size=target.size, ticks=ticks)
