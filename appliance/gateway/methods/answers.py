"""homarus.answers: who answered of late, what it took, and how the local engine is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from appliance.engine.api import Info
from appliance.gateway.method import Call, Method
from appliance.generation import Tier
from appliance.protocol.methods.answers import AnswersResult, CacheRow, EngineRow, LocalRow, TierRow
from appliance.protocol.methods.base import Empty


class Last(Protocol):
    """The newest answer of a tier."""

    @property
    def facts(self) -> dict[str, Any]: ...
    @property
    def ts_ms(self) -> int: ...


class Answers(Protocol):
    """What was counted (daemon.answers.meter)."""

    @property
    def last(self) -> Mapping[str, Last]: ...
    def counts(self) -> Mapping[str, int]: ...


class Standing(Protocol):
    """What the process of the local model does (daemon.local.engines.Standing)."""

    @property
    def state(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def reason(self) -> str: ...


def engine_row(info: Info) -> EngineRow:
    """Return an engine in the shape of the wire."""
    cache = info.cache
    return EngineRow(
        model=info.description or info.name,
        window=info.context,
        memory=info.memory,
        prefill_rate=round(info.prefill_rate, 1),
        decode_rate=round(info.decode_rate, 1),
        active=info.active,
        waiting=info.waiting,
        tuning=info.profile,
        cache=CacheRow(
            ram_bytes=cache.ram_bytes,
            ram_budget=cache.ram_budget,
            disk_bytes=cache.disk_bytes,
            disk_budget=cache.disk_budget,
            written_bytes=cache.written_bytes,
            hits=cache.hits_resident + cache.hits_ram + cache.hits_disk,
            misses=cache.misses,
            rejected=cache.rejected,
        ),
    )


def methods(
    *, answers: Answers, engine: Callable[[], Awaitable[Info | None]], standing: Callable[[], Standing]
) -> tuple[Method, ...]:
    """Return homarus.answers. `engine` asks the local engine, None while it does not answer.

    It is asked only while it runs: who asks one that starts waits for it, and this method says how things are now.
    """

    async def get(call: Call, _: Empty) -> AnswersResult:
        now, counts = standing(), answers.counts()
        info = await engine() if now.state == "ready" else None
        local = LocalRow(state=now.state, file=now.file, reason=now.reason)
        rows = [_row(tier.value, counts.get(tier.value, 0), answers.last.get(tier.value)) for tier in Tier]
        return AnswersResult(ts=call.now_ms, engine=engine_row(info) if info else None, local=local, tiers=rows)

    return (Method("homarus.answers", "operator.read", Empty, get, result=AnswersResult),)


def _row(tier: str, count: int, last: Last | None) -> TierRow:
    if last is None:
        return TierRow(tier=tier, answers=count)
    return TierRow(tier=tier, answers=count, last=last.facts, ts=last.ts_ms)
