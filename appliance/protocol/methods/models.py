"""Models that can answer, and the embedded one that understands by itself."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.protocol.methods.base import UNSET, Json, NonEmpty, OpenParams, Params, Positive, Result, Unset


class ModelsListParams(OpenParams, frozen=True):
    agent_id: NonEmpty | None = None
    view: Literal["default", "configured", "provider-config", "all"] = "default"
    include_details: bool = False
    include_provider_capabilities: bool = False
    prepared_only: bool = False
    refresh: bool = False


class ThinkingLevel(Result, frozen=True):
    id: NonEmpty
    label: NonEmpty


class ModelChoice(Result, frozen=True):
    """One model. `available` is false when it cannot be asked now, `unavailable_reason` says why."""

    id: NonEmpty
    name: NonEmpty
    provider: NonEmpty
    alias: NonEmpty | Unset = UNSET
    tags: list[NonEmpty] | Unset = UNSET
    available: bool = True
    unavailable_reason: Literal["missing-auth", "auth-failed", "cooldown"] | Unset = UNSET
    context_window: Positive | Unset = UNSET
    reasoning: bool = False
    thinking_levels: list[ThinkingLevel] | Unset = UNSET
    thinking_default: NonEmpty | Unset = UNSET
    input: list[Literal["text", "image", "audio", "video", "document"]] | Unset = UNSET
    local: bool | Unset = UNSET


class ModelsListResult(Result, frozen=True):
    models: list[ModelChoice]


class UnderstandItem(Params, frozen=True):
    text: Annotated[str, msgspec.Meta(max_length=4096)]
    lang: Annotated[str, msgspec.Meta(max_length=16)] | None = None


class UnderstandParams(Params, frozen=True):
    """At most 128 sentences a call, so that one call cannot hold the embedded model for minutes."""

    items: Annotated[list[UnderstandItem], msgspec.Meta(min_length=1, max_length=128)]


class Understood(Result, frozen=True):
    """`tool` is `escalate` for a hand-over; `confidence` is 0..1; `ms` is the time it took."""

    tool: str
    arguments: Json
    confidence: float
    ms: float


class UnderstandResult(Result, frozen=True):
    results: list[Understood]
