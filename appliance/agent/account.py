"""What one answer took: who gave it, how soon it began, which tokens were computed, what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from appliance.generation import EngineFacts, Finished, ModelInfo
from appliance.messages import Usage


@dataclass(slots=True)
class Account:
    """Adds up the model calls of one answer. `started_s` is monotonic; `cost` is None once a price is unknown."""

    started_s: float
    first_s: float | None = None
    usage: Usage = field(default_factory=Usage)
    cost: float | None = 0.0
    info: ModelInfo | None = None
    engine: EngineFacts | None = None
    drafted: int = 0
    accepted: int = 0

    def began(self, now_s: float) -> None:
        """Take note of something that the person can see: the first of it counts."""
        if self.first_s is None:
            self.first_s = now_s - self.started_s

    def add(self, info: ModelInfo | None, end: Finished) -> None:
        """Take a model call that ended."""
        self.info = info
        self.usage = add_usage(self.usage, end.usage)
        self.engine = end.engine or self.engine
        if end.engine is not None:
            self.drafted += end.engine.drafted
            self.accepted += end.engine.accepted
        price = info.price(end.usage) if info is not None else None
        self.cost = None if price is None or self.cost is None else self.cost + price

    def facts(self) -> dict[str, Any]:
        """Return what is stored and shown of the answer; what nobody knows is absent.

        tier, model, firstTokenMs, tokens {cached, computed, output}, costUsd, confidence (of the local model),
        restored (where its cached tokens came from), drafted and accepted (speculated tokens).
        """
        if self.info is None:
            return {}
        read, cached = self.usage.input_tokens, self.usage.cache_read_tokens
        tokens = {
            "cached": cached,
            "computed": None if read is None else read - (cached or 0),
            "output": self.usage.output_tokens,
        }
        facts: dict[str, Any] = {"tier": self.info.tier.value, "model": self.info.ref}
        if self.info.box:
            facts["box"] = self.info.box
        if self.first_s is not None:
            facts["firstTokenMs"] = round(self.first_s * 1000)
        if known := {name: count for name, count in tokens.items() if count is not None}:
            facts["tokens"] = known
        if self.cost is not None:
            facts["costUsd"] = round(self.cost, 8)
        if self.engine is not None:
            facts["confidence"] = round(self.engine.confidence, 4)
            facts["restored"] = self.engine.restored
            if self.drafted:
                facts |= {"drafted": self.drafted, "accepted": self.accepted}
        return facts


def add_usage(one: Usage, other: Usage) -> Usage:
    """Return the sum; a count is unknown only when both are."""

    def total(left: int | None, right: int | None) -> int | None:
        return None if left is None and right is None else (left or 0) + (right or 0)

    return Usage(
        total(one.input_tokens, other.input_tokens),
        total(one.output_tokens, other.output_tokens),
        total(one.cache_read_tokens, other.cache_read_tokens),
        total(one.cache_write_tokens, other.cache_write_tokens),
    )
