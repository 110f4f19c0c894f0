"""The work that is measured: the model itself through the engine's native classes, in a small cache that is filled."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from appliance.engine.native.context import AbortFlag, Context, Entry, Outcome
from appliance.engine.native.library import NativeError
from appliance.engine.native.model import Model
from appliance.engine.native.state import SequenceStates
from appliance.engine.profile import EngineProfile
from appliance.engine.threads import LoadReader, Sample
from appliance.engine.tuning.layer import KINDS, LayerShape, write_layer
from appliance.engine.tuning.rounds import Ticks
from appliance.foundation.errors import ApplianceError

_FIRST = 64  # tokens that are really read; the rest of the filling are copies of their state
_DEPTH = 1024  # tokens behind which is read and written, as in a conversation
_ROOM = 512  # cells for the rounds
_BATCH = 256
_MAIN, _COPY, _OTHER = 0, 1, 2  # sequences: the conversation, for filling, another one that gets a token
_SEQUENCES = 3
_LEAST_TICKS = 8  # of the kernel's clock, below which the load of the box is not known
_CONTEXTS = 2  # at once: those that are compared
_LAYER_ROUNDS = 3


class StoppedError(ApplianceError):
    """Somebody needs the box: what was settled so far is kept."""

    code = "tuning_stopped"


class _Prepared:
    """A context with a filled cache."""

    def __init__(self, model: Model, profile: EngineProfile, depth: int, abort: AbortFlag) -> None:
        self._rewinds = model.can_rewind
        self._vocabulary = min(200, model.size - 1)
        self.context = Context(
            model,
            cells=depth + _ROOM,
            batch=_BATCH,
            sequences=_SEQUENCES,
            threads=max(1, profile.threads),
            outputs=2,
            profile=profile,
            abort=abort,
        )
        self.position = 0
        if self._rewinds and depth >= _FIRST:
            self._fill(depth)

    def _fill(self, depth: int) -> None:
        """Read a few tokens and put copies of their state behind them: every cell costs its attention all the same."""
        self.decode(self.entries(_FIRST, logits=1))
        self.position = _FIRST
        states = SequenceStates(self.context)
        blob = states.export(_MAIN)
        for _ in range(depth // _FIRST - 1):
            if not states.insert(_COPY, blob, 0, _FIRST, exact=False):
                break  # then it is measured behind fewer tokens
            states.share_range(_COPY, _MAIN, 0, _FIRST)
            states.drop(_COPY)

    def entries(self, count: int, *, logits: int, sequence: int = _MAIN, start: int | None = None) -> list[Entry]:
        first = self.position if start is None else start
        return [
            Entry(1 + index % self._vocabulary, first + index, sequence, index >= count - logits)
            for index in range(count)
        ]

    def decode(self, entries: list[Entry]) -> None:
        outcome = self.context.decode(entries)
        if outcome is Outcome.ABORTED:
            raise StoppedError("somebody needs the box")
        if outcome is not Outcome.OK:
            raise NativeError(f"llama.cpp cannot decode with this profile ({outcome.name.lower()})")

    def rewind(self) -> None:
        """Take the last round out of the cache."""
        self.context.drop(_OTHER)
        if not self._rewinds or not self.context.cut(_MAIN, self.position):
            self.context.drop(_MAIN)
            self.position = 0


class NativeBench:
    """Measures one model. `abort` ends a round from a signal handler."""

    def __init__(self, model: Model, ticks: Ticks, abort: AbortFlag, load: LoadReader | None, cores: int) -> None:
        self._model = model
        self._ticks = ticks
        self._abort = abort
        self._load = load
        self._cores = cores
        self._last: Sample | None = None
        self._depth = min(_DEPTH, max(0, model.trained_context - _ROOM) // _FIRST * _FIRST)
        self._prepared: dict[tuple[bool, str, str], _Prepared] = {}

    def close(self) -> None:
        """Free the contexts, not the model."""
        for prepared in self._prepared.values():
            prepared.context.close()
        self._prepared.clear()

    # ---- rounds.Bench

    def read(self, profile: EngineProfile, tokens: int) -> float:
        """Return the seconds of one chunk."""
        prepared = self._with(profile)
        return self._taken(prepared, [prepared.entries(tokens, logits=1)])

    def write(self, profile: EngineProfile, tokens: int) -> float:
        """Return the seconds of so many single tokens."""
        prepared = self._with(profile)
        start = prepared.position
        return self._taken(prepared, [prepared.entries(1, logits=1, start=start + index) for index in range(tokens)])

    def mixed(self, profile: EngineProfile, tokens: int) -> float:
        """Return the seconds of a chunk and one token of another answer."""
        prepared = self._with(profile)
        other = prepared.entries(1, logits=1, sequence=_OTHER, start=0)
        return self._taken(prepared, [other + prepared.entries(tokens, logits=0)])

    def others(self) -> float | None:
        """Return how many cores others used since the last call."""
        last, self._last = self._last, None if self._load is None else self._load.read()
        if last is None or self._last is None:
            return None
        total = self._last.total - last.total
        if total < _LEAST_TICKS:
            return None
        return max(0, (self._last.busy - last.busy) - (self._last.own - last.own)) / total * self._cores

    def quants(self, profile: EngineProfile) -> Mapping[str, tuple[float, float]]:
        """Return seconds per token of one layer as wide as the model."""
        hidden = self._model.meta(f"{self._model.architecture}.feed_forward_length")
        width = self._model.width
        shape = LayerShape.like(width, int(hidden) if hidden and hidden.isdecimal() else 4 * width)
        with tempfile.TemporaryDirectory(prefix="homarus-tune-") as folder:
            return {
                kind: self._layer(write_layer(Path(folder) / f"{kind}.gguf", kind, shape), profile) for kind in KINDS
            }

    def _layer(self, path: Path, profile: EngineProfile) -> tuple[float, float]:
        """Return the shortest times of some rounds: neighbours only ever make them longer."""
        model = Model(path)
        # every token wants logits: of the others the last layer, here the only one, computes next to nothing
        plain = replace(profile, flash_attention=False, type_k="f16", type_v="f16")
        context = Context(
            model, cells=_ROOM, batch=_FIRST, sequences=1, threads=max(1, profile.threads), outputs=_FIRST,
            profile=plain, abort=self._abort,
        )  # fmt: skip
        context.set_threads(max(1, profile.threads), max(1, profile.threads_batch))
        try:
            reading = min(self._pass(context, 0, _FIRST) for _ in range(_LAYER_ROUNDS + 1))
            writing = min(self._pass(context, _FIRST, 1) for _ in range(4 * _LAYER_ROUNDS))
        finally:
            context.close()
            model.close()
            path.unlink()
        return reading / _FIRST, writing

    def _pass(self, context: Context, start: int, count: int) -> float:
        context.cut(0, start)
        began = self._ticks.monotonic()
        outcome = context.decode([Entry(1 + index % 200, start + index, 0, True) for index in range(count)])
        if outcome is not Outcome.OK:
            raise StoppedError("somebody needs the box")
        return self._ticks.monotonic() - began

    def _with(self, profile: EngineProfile) -> _Prepared:
        """Return the context of a profile, with its threads; the one that was used longest ago makes room."""
        key = (profile.flash_attention, profile.type_k, profile.type_v)
        prepared = self._prepared.pop(key, None)
        if prepared is None:
            while len(self._prepared) >= _CONTEXTS:
                self._prepared.pop(next(iter(self._prepared))).context.close()
            prepared = _Prepared(self._model, profile, self._depth, self._abort)
        self._prepared[key] = prepared
        prepared.context.set_threads(max(1, profile.threads), max(1, profile.threads_batch))
        return prepared

    def _taken(self, prepared: _Prepared, batches: list[list[Entry]]) -> float:
        began = self._ticks.monotonic()
        try:
            for batch in batches:
                prepared.decode(batch)
        finally:
            prepared.rewind()
        return self._ticks.monotonic() - began
