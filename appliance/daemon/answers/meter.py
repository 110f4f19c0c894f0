"""Counts what answers took, from the events of their runs, and remembers the last one of each tier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from appliance.engine import api
from appliance.events import Bus, RunEvent
from appliance.generation import FailureKind, Tier
from appliance.telemetry.metrics import Family, Metrics, Sample

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
ANSWERS: Final = Family("homarus_answers", "counter", "Answers, by where they came from", ("tier",))
FIRST_TOKEN: Final = Family(
    "homarus_first_token_seconds", "histogram", "From the begin of a turn to its first word", ("tier",), _SECONDS
)
TOKENS: Final = Family("homarus_tokens", "counter", "Tokens read from a cache, computed, written", ("tier", "kind"))
COST: Final = Family("homarus_cost_usd", "counter", "What answers cost, from the prices of the catalog", ("tier",))
FAILURES: Final = Family("homarus_model_handovers", "counter", "Models that did not answer, by the reason", ("reason",))
GROUNDINGS: Final = Family("homarus_groundings", "counter", "Answers that the monitor halted", ("reason",))
SPECULATED: Final = Family("homarus_speculated_tokens", "counter", "Tokens drafted and accepted", ("outcome",))
FAILED: Final = Family("homarus_failed_runs", "counter", "Runs that ended with an error")
FAMILIES: Final = (ANSWERS, FIRST_TOKEN, TOKENS, COST, FAILURES, GROUNDINGS, SPECULATED, FAILED)

_KINDS = ("cached", "computed", "output")
_REASONS = frozenset(kind.value for kind in FailureKind)
_HALTS = frozenset({"repetition", "entropy", "flat"})
_TIERS = frozenset(tier.value for tier in Tier)


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """The newest answer of a tier: agent.account's facts, and when its run ended."""

    facts: dict[str, Any]
    ts_ms: int


class Meter:
    """Listens to the runs of this process."""

    def __init__(self, bus: Bus) -> None:
        self.metrics = Metrics(FAMILIES)
        self.last: dict[str, LastAnswer] = {}
        bus.listen(RunEvent, self._heard)

    def counts(self) -> dict[str, int]:
        """Return how many answers each tier gave since the start."""
        return {tier.value: int(self.metrics.value(ANSWERS, tier.value)) for tier in Tier}

    def _heard(self, event: RunEvent) -> None:
        if event.stream != "lifecycle":
            return
        data = event.data
        match data.get("phase"):
            case "end" if data.get("answer"):
                self._answered(dict(data["answer"]), event.ts_ms)
            case "error":
                self.metrics.count(FAILED)
            case "fallback_step":
                self.metrics.count(FAILURES, _of(data.get("reason"), _REASONS))
            case "grounding":
                self.metrics.count(GROUNDINGS, _of(data.get("reason"), _HALTS))

    def _answered(self, facts: dict[str, Any], ts_ms: int) -> None:
        tier = _of(facts.get("tier"), _TIERS)
        self.last[tier] = LastAnswer(facts, ts_ms)
        self.metrics.count(ANSWERS, tier)
        if "firstTokenMs" in facts:
            self.metrics.observe(FIRST_TOKEN, facts["firstTokenMs"] / 1000, tier)
        for kind in _KINDS:
            if amount := facts.get("tokens", {}).get(kind):
                self.metrics.count(TOKENS, tier, kind, by=amount)
        if cost := facts.get("costUsd"):
            self.metrics.count(COST, tier, by=cost)
        for outcome in ("drafted", "accepted"):
            if amount := facts.get(outcome):
                self.metrics.count(SPECULATED, outcome, by=amount)


def _of(value: object, known: frozenset[str]) -> str:
    """Return a label that is one of few, whatever came."""
    return value if isinstance(value, str) and value in known else "other"


# ---- the engine, asked at the moment of a scrape

_Read = Callable[[api.Info], float]


def _gauge(name: str, text: str, *labels: str) -> Family:
    return Family(f"homarus_engine_{name}", "gauge", text, labels)


def _counter(name: str, text: str, *labels: str) -> Family:
    return Family(f"homarus_engine_{name}", "counter", text, labels)


_CACHE_BYTES = _gauge("cache_bytes", "Stored attention states", "where")
_CACHE_BUDGET = _gauge("cache_budget_bytes", "Bounds of stored attention states", "where")
_HITS = _counter("cache_hits", "Prompts whose beginning was found, by where", "where")
_RATE = _gauge("tokens_per_second", "Moving averages", "kind")
_ENGINE: Final[Sequence[tuple[Family, tuple[str, ...], _Read]]] = (
    (_gauge("window_tokens", "Room of one request at this moment"), (), lambda info: info.context),
    (_gauge("cells", "Cells of the attention cache"), (), lambda info: info.cells),
    (_gauge("free_cells", "Cells that hold nothing"), (), lambda info: info.free_cells),
    (_gauge("active", "Requests that are being answered"), (), lambda info: info.active),
    (_gauge("waiting", "Requests in the queue"), (), lambda info: info.waiting),
    (_gauge("resident_sequences", "Sequences in the attention cache"), (), lambda info: info.resident_sequences),
    (_counter("preempted", "Answers that gave way to a person"), (), lambda info: info.preempted),
    (_RATE, ("prefill",), lambda info: info.prefill_rate),
    (_RATE, ("decode",), lambda info: info.decode_rate),
    (_CACHE_BYTES, ("ram",), lambda info: info.cache.ram_bytes),
    (_CACHE_BYTES, ("disk",), lambda info: info.cache.disk_bytes),
    (_CACHE_BUDGET, ("ram",), lambda info: info.cache.ram_budget),
    (_CACHE_BUDGET, ("disk",), lambda info: info.cache.disk_budget),
    (_counter("cache_written_bytes", "Wear of the card since ever"), (), lambda info: info.cache.written_bytes),
    (_HITS, ("resident",), lambda info: info.cache.hits_resident),
    (_HITS, ("ram",), lambda info: info.cache.hits_ram),
    (_HITS, ("disk",), lambda info: info.cache.hits_disk),
    (_counter("cache_misses", "Prompts of which nothing was found"), (), lambda info: info.cache.misses),
    (_counter("cache_rejected", "Stored pieces that were damaged or of others"), (), lambda info: info.cache.rejected),
)
_MEMORY = _gauge("memory_level", "1 for the level that holds", "level")
_UP = _gauge("up", "Whether the local engine answers")
_LEVELS = ("ample", "tight", "critical")


def engine_samples(info: api.Info | None) -> list[Sample]:
    """Return what an engine says of itself as samples; None: it does not answer."""
    if info is None:
        return [Sample(_UP, 0.0)]
    found = [Sample(family, float(read(info)), labels) for family, labels, read in _ENGINE]
    levels = [Sample(_MEMORY, float(info.memory == level), (level,)) for level in _LEVELS]
    return [Sample(_UP, 1.0), *found, *levels]
