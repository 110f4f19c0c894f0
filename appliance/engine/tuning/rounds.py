"""Takes rounds of work and compares options with them, until the pairs say enough or the time is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from appliance.engine.profile import EngineProfile
from appliance.engine.tuning.decide import (
    MOST_TRIES,
    QUIET_CORES,
    Pair,
    Verdict,
    enough,
    judge,
    turn_seconds,
)

_ROUND_S = 0.15  # of writing in a round: short enough for many, long enough against the clock of the kernel
_LONGEST_CHUNK_S = 0.7
_MOST_WRITTEN = 32
_PROBE_TOKENS = 16
_CHUNKS = (16, 32, 64, 128)
_SAMPLES = 3


class Bench(Protocol):
    """Work of the engine with a profile, in seconds. Raises NativeError for a profile that llama.cpp refuses."""

    def read(self, profile: EngineProfile, tokens: int) -> float:
        """Read a chunk of a prompt behind what is already in the cache."""
        ...

    def write(self, profile: EngineProfile, tokens: int) -> float:
        """Write so many tokens, one after the other."""
        ...

    def mixed(self, profile: EngineProfile, tokens: int) -> float:
        """Read a chunk while another answer gets one token, in one step."""
        ...

    def others(self) -> float | None:
        """Return how many cores others used since the last call; None: unknown."""
        ...

    def quants(self, profile: EngineProfile) -> Mapping[str, tuple[float, float]]:
        """Return seconds per token, read and written, of one layer as wide as the model, by quantisation."""
        ...


class Ticks(Protocol):
    """A clock that only grows, seconds."""

    def monotonic(self) -> float: ...


class Rounds:
    """Rounds of a size that suits this box and model."""

    def __init__(self, bench: Bench, ticks: Ticks, start: EngineProfile) -> None:
        """Measure once with `start` how large a round should be."""
        self._bench = bench
        self._ticks = ticks
        bench.read(start, _PROBE_TOKENS)  # the first pass maps pages and fills caches
        reading = bench.read(start, _PROBE_TOKENS) / _PROBE_TOKENS
        bench.write(start, 1)
        writing = bench.write(start, 2) / 2
        fitting = [chunk for chunk in _CHUNKS if chunk * reading <= _LONGEST_CHUNK_S]
        self.chunk = max(fitting, default=_CHUNKS[0])
        self.written = max(2, min(_MOST_WRITTEN, round(_ROUND_S / max(writing, 1e-6))))
        self.read_s, self.write_s = reading, writing

    @property
    def now(self) -> float:
        return self._ticks.monotonic()

    def reading(self, profile: EngineProfile) -> float:
        """Return seconds per token read."""
        return self._bench.read(profile, self.chunk) / self.chunk

    def writing(self, profile: EngineProfile) -> float:
        """Return seconds per token written."""
        return self._bench.write(profile, self.written) / self.written

    def turn(self, profile: EngineProfile) -> float:
        """Return the seconds of a typical turn."""
        return turn_seconds(self.reading(profile), self.writing(profile))

    def duel(
        self,
        work: Callable[[EngineProfile], float],
        base: EngineProfile,
        other: EngineProfile,
        need: float,
        until: float,
        least: int = 0,
    ) -> tuple[Verdict, list[Pair]]:
        """Compare two profiles until the pairs say enough, or the time is over; `least` pairs are taken even then."""
        pairs: list[Pair] = []
        verdict = judge(pairs, need)
        while not enough(pairs, verdict) and (self.now < until or len(pairs) < least):
            self._bench.others()
            if len(pairs) % 2:
                second, first = work(other), work(base)
            else:
                first, second = work(base), work(other)
            pairs.append(Pair(first, second, self.calm()))
            verdict = judge(pairs, need)
        return verdict, pairs

    def samples(
        self, work: Callable[[int], float], sizes: Sequence[int], until: float
    ) -> dict[int, list[tuple[float, bool]]]:
        """Return the seconds of work at each size in turn, each with whether nobody else used the cores."""
        found: dict[int, list[tuple[float, bool]]] = {size: [] for size in sizes}
        for _ in range(MOST_TRIES):
            for size in sizes:
                self._bench.others()
                seconds = work(size)
                found[size].append((seconds, self.calm()))
            if all(sum(calm for _, calm in one) >= _SAMPLES for one in found.values()) or self.now >= until:
                break
        return found

    def calm(self) -> bool:
        """Tell whether nobody else used the cores since `others` was asked last."""
        others = self._bench.others()
        return others is None or others <= QUIET_CORES
