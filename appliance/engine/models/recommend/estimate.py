"""From a measured speed to seconds per answer of a model that is not here yet. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.engine.models.catalogue.entry import Entry
from appliance.engine.models.recommend.box import Measurement, Rates

PROMPT_TOKENS = 600  # the fixed part, a kit of tools, a question
ANSWER_TOKENS = 80
FURTHER_TOKENS = 60  # what is new in the next question: the rest is kept
_FULL_WIDTH = 2048  # columns of the matrices that were measured
# Kernels lose on narrow matrices. Of one box and one afternoon, relative to 2048 columns: prefill 0.55 and decode 0.61
# at 896 columns, 0.73 and 0.71 at 1024; the square root of the ratio is 0.66 and 0.71.
_NARROW_EXPONENT = 0.5
_LARGEST_CORRECTION = 3.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """Tokens a second and seconds. `measured`: this model ran on this box; else it follows from its shape."""

    prefill: float
    decode: float
    measured: bool = False

    @property
    def first_answer_s(self) -> float:
        """Seconds until an answer of 80 tokens to a prompt of 600 is there, when nothing is kept yet."""
        return PROMPT_TOKENS / self.prefill + ANSWER_TOKENS / self.decode

    @property
    def next_answer_s(self) -> float:
        """Seconds of the next one in a conversation: only what is new has to be read."""
        return FURTHER_TOKENS / self.prefill + ANSWER_TOKENS / self.decode


@dataclass(frozen=True, slots=True)
class Correction:
    """How much faster (above 1) real models were than their estimates on this box."""

    prefill: float = 1.0
    decode: float = 1.0


def estimate(
    entry: Entry,
    measurement: Measurement,
    *,
    size_bytes: int | None = None,
    correction: Correction | None = None,
    rates: Rates | None = None,
) -> Estimate:
    """Return the speed of a model. `rates` are what it really did here: they replace what they know.

    `size_bytes` is that of the file where the hub has said it.
    """
    factor = correction or Correction()
    speed = measurement.speeds.get(entry.quantisation) or min(measurement.speeds.values(), key=lambda one: one.decode)
    narrow = min(1.0, (entry.shape.width / _FULL_WIDTH) ** _NARROW_EXPONENT)
    prefill = speed.prefill * narrow * factor.prefill / entry.body_parameters
    decode = speed.decode * narrow * factor.decode / _bytes_per_token(entry, size_bytes or entry.approximate_bytes)
    known = rates or Rates()
    return Estimate(known.prefill or prefill, known.decode or decode, bool(known.prefill and known.decode))


def _bytes_per_token(entry: Entry, size_bytes: int) -> float:
    """Return what one token of an answer fetches: all weights but an embedding of its own, and the kept states."""
    shape = entry.shape
    embedding = 0 if shape.tied else shape.vocabulary * shape.width
    weights = size_bytes * (1 - embedding / entry.parameters)
    return weights + shape.kv_bytes(PROMPT_TOKENS + ANSWER_TOKENS // 2)


def correction(pairs: Iterable[tuple[Estimate, Rates]]) -> Correction:
    """Return by how much estimates were wrong on this box: the geometric mean, at most threefold either way."""
    seen = list(pairs)
    return Correction(
        _mean([rates.prefill / guess.prefill for guess, rates in seen if rates.prefill]),
        _mean([rates.decode / guess.decode for guess, rates in seen if rates.decode]),
    )


def _mean(ratios: list[float]) -> float:
    if not ratios:
        return 1.0
    mean = math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))
    return min(max(mean, 1 / _LARGEST_CORRECTION), _LARGEST_CORRECTION)
