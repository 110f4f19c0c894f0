"""homarus.answers: who answered of late and what it took, and how the local engine is."""

from __future__ import annotations

import msgspec

from appliance.protocol.methods.base import Json, Result


class CacheRow(Result, frozen=True):
    """Stored attention states: bytes, and prompts whose beginning was found (hits) or not."""

    ram_bytes: int
    ram_budget: int
    disk_bytes: int
    disk_budget: int
    written_bytes: int
    hits: int
    misses: int
    rejected: int


class EngineRow(Result, frozen=True):
    """The local engine at this moment. `window` in tokens, rates in tokens per second, 0 while unknown.

    `tuning` says when it was tuned to this box, or why it runs with defaults; "" where it was not tuned.
    """

    model: str
    window: int
    memory: str
    prefill_rate: float
    decode_rate: float
    active: int
    waiting: int
    tuning: str
    cache: CacheRow


class LocalRow(Result, frozen=True):
    """The process of the local model: none, absent (no engine on this box), loading, ready, restarting or failed.

    `file` is the model's, "" without one; `reason` says why it is absent, restarting or failed.
    """

    state: str
    file: str = ""
    reason: str = ""


class TierRow(Result, frozen=True):
    """One tier: answers since the start, and what the last one took (tier, model, firstTokenMs, tokens, costUsd)."""

    tier: str
    answers: int
    last: Json | None = None
    ts: int | None = None


class AnswersResult(Result, frozen=True):
    """`engine` is null while no local engine answers, `local` says why; the tiers stand nearest first."""

    ts: int
    engine: EngineRow | None
    local: LocalRow
    tiers: list[TierRow] = msgspec.field(default_factory=list)
