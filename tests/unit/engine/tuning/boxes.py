"""Boxes that were measured once, replayed: the search asks them instead of a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from appliance.engine.profile import EngineProfile
from appliance.engine.tuning.hardware import Hardware, ModelShape
from appliance.foundation.errors import ApplianceError

HARDWARE = Hardware(cpu="Test", flags="f", cores=4, memory_mb=8192, kernel="6", build="b")
SHAPE = ModelShape("a.gguf", 1000, "h")
# Qwen3-0.6B on two AVX2 cores: tokens a second read and written behind 1k tokens (head dimension 128)
QWEN3 = {(False, "f16"): (131.0, 21.4), (True, "f16"): (163.0, 13.7), (True, "q8_0"): (100.0, 19.0)}
# a board whose attention likes flash: invented, the other way round
BOARD = {(False, "f16"): (20.0, 5.0), (True, "f16"): (26.0, 5.4), (True, "q8_0"): (24.0, 5.3)}
# 0.5B, two threads: milliseconds of a chunk with one token of another session
MIXED = {16: 168.0, 32: 272.0, 64: 496.0}
# tokens a second by chunk: 0.5B, two threads
CHUNKS = {16: 110.0, 32: 127.0, 64: 143.0, 128: 148.0, 256: 148.0}


@dataclass
class RecordedBox:
    """Answers with recorded speeds; its clock moves by what the work takes. `noise` may bend each round."""

    attention: Mapping[tuple[bool, str], tuple[float, float]] = field(default_factory=lambda: QWEN3)
    speedup: Mapping[int, float] = field(default_factory=lambda: {1: 0.5, 2: 0.75, 3: 0.97, 4: 1.0})
    read_speedup: Mapping[int, float] = field(default_factory=lambda: {1: 0.27, 2: 0.52, 3: 0.77, 4: 1.0})
    load: Callable[[float], float] = lambda now: 0.0
    noise: Callable[[float], float] = lambda now: 1.0
    refuses: frozenset[tuple[bool, str]] = frozenset()
    quant: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    now: float = 0.0
    asked: list[EngineProfile] = field(default_factory=list)
    _asked_at: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def read(self, profile: EngineProfile, tokens: int) -> float:
        rate, _ = self._rates(profile)
        return self._work(tokens / rate * CHUNKS[128] / CHUNKS[tokens] / self.read_speedup[profile.threads_batch])

    def write(self, profile: EngineProfile, tokens: int) -> float:
        _, rate = self._rates(profile)
        return self._work(tokens / rate / self.speedup[profile.threads])

    def mixed(self, profile: EngineProfile, tokens: int) -> float:
        return self._work(MIXED[tokens] / 1000)

    def others(self) -> float | None:
        """The most that others used at any moment since the last call."""
        loads = [self.load(self._asked_at + step / 20) for step in range(int((self.now - self._asked_at) * 20) + 2)]
        self._asked_at = self.now
        return max(loads)

    def quants(self, profile: EngineProfile) -> Mapping[str, tuple[float, float]]:
        return self.quant

    def _rates(self, profile: EngineProfile) -> tuple[float, float]:
        key = (profile.flash_attention, profile.type_k)
        if key in self.refuses:
            raise ApplianceError("this cache type does not fit")
        self.asked.append(profile)
        return self.attention[key]

    def _work(self, seconds: float) -> float:
        taken = seconds * self.noise(self.now)
        self.now += taken
        return taken
