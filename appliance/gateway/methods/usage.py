"""sessions.usage and usage.cost: tokens and costs by session, model and day."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from appliance.gateway.method import Call, Method
from appliance.gateway.methods.addressing import Addressing
from appliance.gateway.methods.seams import Models
from appliance.generation import ModelInfo, Tier
from appliance.messages import Usage
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.base import or_unset
from appliance.protocol.methods.usage import (
    SessionsUsageParams,
    SessionsUsageResult,
    SessionUsage,
    UsageCostParams,
    UsageCostResult,
    UsageDay,
    UsageTotals,
)
from appliance.sessions.model import Session, UsageRow

_RANGES = {"7d": 7, "30d": 30, "90d": 90, "1y": 365, "all": 3650}
_DEFAULT_DAYS = 30
_DEFAULT_LIMIT, _MAX_LIMIT = 50, 1000


class UsageReader(Protocol):
    """What is read here (sessions.store)."""

    async def get(self, key: str) -> Session | None: ...
    async def usage(self, from_ms: int, to_ms: int) -> Sequence[UsageRow]: ...


def day_range(params: SessionsUsageParams, now_ms: int, zone: datetime.tzinfo) -> tuple[datetime.date, datetime.date]:
    """Return the first and the last day that are asked for."""
    today = datetime.datetime.fromtimestamp(now_ms / 1000, zone).date()
    try:
        end = datetime.date.fromisoformat(params.end_date) if params.end_date else today
        if params.start_date:
            start = datetime.date.fromisoformat(params.start_date)
        else:
            start = end - datetime.timedelta(days=_RANGES.get(params.range or "", _DEFAULT_DAYS) - 1)
    except (ValueError, OverflowError) as error:
        raise invalid_request(f"invalid date range: {error}") from None
    if start > end:
        raise invalid_request(f"invalid date range: {start} is after {end}")
    return start, end


def _zone(params: SessionsUsageParams, own: ZoneInfo) -> datetime.tzinfo:
    if params.mode == "utc":
        return datetime.UTC
    if params.time_zone is not None:
        try:
            return ZoneInfo(params.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise invalid_request(f"unknown time zone: {params.time_zone}") from None
    if params.utc_offset is not None:
        sign = -1 if params.utc_offset[3] == "-" else 1
        hours, _, minutes = params.utc_offset[4:].partition(":")
        if int(hours) > 14:
            raise invalid_request(f"unknown time zone: {params.utc_offset}")
        return datetime.timezone(sign * datetime.timedelta(hours=int(hours), minutes=int(minutes or 0)))
    return own


def _millis(day: datetime.date, zone: datetime.tzinfo) -> int:
    return int(datetime.datetime.combine(day, datetime.time(), zone).timestamp() * 1000)


def totals(rows: Iterable[UsageRow], models: Models) -> UsageTotals:
    """Add rows up. A model whose price is unknown costs nothing and is counted as missing."""
    tokens = [0, 0, 0, 0]
    costs = [0.0, 0.0]
    missing = 0
    for row in rows:
        for index, count in enumerate(
            (row.input_tokens, row.output_tokens, row.cache_read_tokens, row.cache_write_tokens)
        ):
            tokens[index] += count
        model = _model(row, models)
        if model is None or model.cost_input is None or model.cost_output is None:
            missing += 0 if model is not None and model.local else row.runs
            continue
        read = Usage(row.input_tokens, 0, row.cache_read_tokens, row.cache_write_tokens)
        costs[0] += model.price(read) or 0.0
        costs[1] += model.price(Usage(0, row.output_tokens)) or 0.0
    return UsageTotals(
        input=tokens[0],
        output=tokens[1],
        cache_read=tokens[2],
        cache_write=tokens[3],
        total_tokens=tokens[0] + tokens[1],
        total_cost=round(sum(costs), 6),
        input_cost=round(costs[0], 6),
        output_cost=round(costs[1], 6),
        missing_cost_entries=missing,
    )


def methods(
    *, store: UsageReader, models: Models, addressing: Addressing, zone: Callable[[], ZoneInfo]
) -> tuple[Method, ...]:
    """Return sessions.usage and usage.cost."""

    async def one_session(key: str, rows: list[UsageRow]) -> SessionUsage:
        session = await store.get(key)
        busiest = max(rows, key=lambda row: row.input_tokens + row.output_tokens)
        return SessionUsage(
            key=key,
            session_id=session.session_id if session else "",
            agent_id=rows[0].agent_id,
            updated_at=session.updated_ms if session else 0,
            label=or_unset(session.label if session else None),
            model_provider=or_unset(busiest.provider),
            model=or_unset(busiest.model),
            usage=totals(rows, models),
        )

    async def usage(call: Call, params: SessionsUsageParams) -> SessionsUsageResult:
        where = _zone(params, zone())
        start, end = day_range(params, call.now_ms, where)
        found = await store.usage(_millis(start, where), _millis(end + datetime.timedelta(days=1), where))
        key = addressing.locate(params.key, params.agent_id).key if params.key else None
        by_key: dict[str, list[UsageRow]] = {}
        for row in found:
            if key in (None, row.session_key) and params.agent_id in (None, row.agent_id):
                by_key.setdefault(row.session_key, []).append(row)
        limit = min(params.limit or _DEFAULT_LIMIT, _MAX_LIMIT)
        sessions = [await one_session(name, rows) for name, rows in list(by_key.items())[:limit]]
        sessions.sort(key=lambda one: one.updated_at, reverse=True)
        everything = [row for rows in by_key.values() for row in rows]
        return SessionsUsageResult(
            updated_at=call.now_ms,
            start_date=start.isoformat(),
            end_date=end.isoformat(),
            sessions=sessions,
            totals=totals(everything, models),
            aggregates={
                **_UNCOUNTED,
                "sessionCount": len(by_key),
                "byModel": _by_model(everything, models),
                "byProvider": _by(everything, "provider", lambda row: row.provider, models),
                "byAgent": _by(everything, "agentId", lambda row: row.agent_id, models),
                "byTier": _by_tier(everything, models),
            },
        )

    async def cost(call: Call, params: UsageCostParams) -> UsageCostResult:
        where = zone()
        today = datetime.datetime.fromtimestamp(call.now_ms / 1000, where).date()
        daily, everything = list[UsageDay](), list[UsageRow]()
        for back in reversed(range(params.days)):
            day = today - datetime.timedelta(days=back)
            rows = await store.usage(_millis(day, where), _millis(day + datetime.timedelta(days=1), where))
            everything += rows
            sums = totals(rows, models)
            daily.append(UsageDay(date=day.isoformat(), **msgspec.structs.asdict(sums)))
        return UsageCostResult(updated_at=call.now_ms, days=params.days, daily=daily, totals=totals(everything, models))

    return (
        Method("usage.cost", "operator.read", UsageCostParams, cost, result=UsageCostResult),
        Method(
            "sessions.usage",
            "operator.read",
            SessionsUsageParams,
            usage,
            narrow="operator.sessions.read",
            result=SessionsUsageResult,
            advertised=False,
        ),
    )


_UNCOUNTED: Final = {
    "messages": {"total": 0, "user": 0, "assistant": 0, "toolCalls": 0, "toolResults": 0, "errors": 0},
    "tools": {"totalCalls": 0, "uniqueTools": 0, "tools": []},
    "byChannel": [],
    "daily": [],
}
"""What is not counted here: OpenClaw's own page of usage reads these and stays empty where one of them is missing."""


def _by(
    rows: Iterable[UsageRow], name: str, of: Callable[[UsageRow], str | None], models: Models
) -> list[dict[str, Any]]:
    groups: dict[str, list[UsageRow]] = {}
    for row in rows:
        if (value := of(row)) is not None:
            groups.setdefault(value, []).append(row)
    return [
        {name: value, "count": sum(row.runs for row in group), "totals": totals(group, models)}
        for value, group in groups.items()
    ]


def _by_model(rows: Iterable[UsageRow], models: Models) -> list[dict[str, Any]]:
    groups: dict[tuple[str | None, str | None], list[UsageRow]] = {}
    for row in rows:
        groups.setdefault((row.provider, row.model), []).append(row)
    return [
        {
            "provider": provider,
            "model": model,
            "count": sum(row.runs for row in group),
            "totals": totals(group, models),
        }
        for (provider, model), group in groups.items()
    ]


def _by_tier(rows: Iterable[UsageRow], models: Models) -> list[dict[str, Any]]:
    groups: dict[Tier, list[UsageRow]] = {}
    for row in rows:
        if (model := _model(row, models)) is not None:
            groups.setdefault(model.tier, []).append(row)
    return [
        {"tier": tier.value, "count": sum(row.runs for row in group), "totals": totals(group, models)}
        for tier, group in sorted(groups.items(), key=lambda one: list(Tier).index(one[0]))
    ]


def _model(row: UsageRow, models: Models) -> ModelInfo | None:
    return models.find(f"{row.provider}/{row.model}") if row.provider and row.model else None
