"""Tokens and costs by session."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.protocol.methods.base import (
    UNSET,
    Day,
    Json,
    NonEmpty,
    OpenParams,
    Params,
    Positive,
    Result,
    Unset,
)


class SessionsUsageParams(Params, frozen=True):
    """`mode` and the time zone say which days are meant; without them the days of the box."""

    key: NonEmpty | None = None
    agent_id: NonEmpty | None = None
    agent_scope: Literal["all"] | None = None
    creator_key: str | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    mode: Literal["utc", "gateway", "specific"] = "gateway"
    range: Literal["7d", "30d", "90d", "1y", "all"] | None = None
    group_by: Literal["instance", "family"] = "instance"
    include_historical: bool | None = None
    utc_offset: Annotated[str, msgspec.Meta(pattern=r"^UTC[+-]\d{1,2}(?::[0-5]\d)?$")] | None = None
    time_zone: NonEmpty | None = None
    limit: Positive | None = None
    include_context_weight: bool = False


class UsageTotals(Result, frozen=True):
    """Tokens; costs are zero where the price is unknown, and counted in `missing_cost_entries`."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    total_tokens: int = 0
    total_cost: float = 0
    input_cost: float = 0
    output_cost: float = 0
    cache_read_cost: float = 0
    cache_write_cost: float = 0
    missing_cost_entries: int = 0


class SessionUsage(Result, frozen=True):
    key: str
    session_id: str
    agent_id: str
    updated_at: int
    usage: UsageTotals
    chat_type: str = "direct"
    scope: str = "instance"
    has_context_weight: bool = False
    label: str | Unset = UNSET
    model_provider: str | Unset = UNSET
    model: str | Unset = UNSET


class UsageCostParams(OpenParams, frozen=True):
    """The last `days` days, today as one of them, as the box counts days."""

    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 30


class UsageDay(UsageTotals, frozen=True, kw_only=True):
    date: str


class UsageCostResult(Result, frozen=True):
    """Every day of the range, the oldest first."""

    updated_at: int
    days: int
    daily: list[UsageDay]
    totals: UsageTotals


class SessionsUsageResult(Result, frozen=True):
    updated_at: int
    start_date: str
    end_date: str
    sessions: list[SessionUsage]
    totals: UsageTotals
    aggregates: Json
