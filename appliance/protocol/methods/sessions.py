"""Conversations: rows, lists, changes, subscriptions."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.protocol.methods.base import (
    UNSET,
    Json,
    KeyText,
    LabelText,
    Natural,
    NonEmpty,
    OpenParams,
    Params,
    Positive,
    Result,
    Unset,
)

SessionState = Literal["queued", "running", "done", "failed", "killed", "timeout"]


class SessionRow(Result, frozen=True):
    """One session as lists show it (protocol.md 8). Times are milliseconds since the epoch."""

    key: NonEmpty
    session_id: str
    kind: Literal["direct", "group", "global", "unknown"]
    agent_id: NonEmpty
    is_main: bool
    chat_type: Literal["direct", "group", "channel"]
    classification: NonEmpty
    updated_at: int
    created_at: int
    last_activity_at: int
    archived: bool
    pinned: bool
    unread: bool
    has_active_run: bool
    input_tokens: int
    output_tokens: int
    total_tokens: int
    total_tokens_fresh: bool
    effective_queue_mode: str
    aborted_last_run: bool
    system_sent: bool
    visibility: Literal["shared"] = "shared"
    is_background: bool = False
    active_run_ids: list[str] | Unset = UNSET
    label: str | Unset = UNSET
    display_name: str | Unset = UNSET
    derived_title: str | Unset = UNSET
    last_message_preview: str | Unset = UNSET
    channel: str | Unset = UNSET
    model: str | Unset = UNSET
    model_provider: str | Unset = UNSET
    model_override_source: Literal["user", "auto"] | Unset | None = UNSET
    context_tokens: int | Unset = UNSET
    thinking_level: str | Unset = UNSET
    verbose_level: str | Unset = UNSET
    status: SessionState | Unset = UNSET
    started_at: int | Unset = UNSET
    ended_at: int | Unset = UNSET
    runtime_ms: int | Unset = UNSET
    spawned_by: str | Unset = UNSET


class SessionDefaults(Result, frozen=True):
    """What a session uses that has chosen nothing itself; null when no model is set up."""

    model_provider: str | None
    model: str | None
    context_tokens: int | None


class SessionsListParams(Params, frozen=True):
    """Filters and paging. Filters by owner, person, project or board match everything: there is one owner."""

    limit: Positive | None = None
    offset: Natural = 0
    active_minutes: Positive | None = None
    active_only: bool = False
    require_last_interaction: bool = False
    sort_by: Literal["updatedAt", "lastInteractionAt", "activity"] = "updatedAt"
    include_global: bool = False
    include_unknown: bool = False
    exclude_subagents: bool = False
    exclude_cron: bool = False
    exclude_system: bool = False
    configured_agents_only: bool = False
    include_derived_titles: bool = False
    include_last_message: bool = False
    include_activity_summary: bool = False
    label: LabelText | None = None
    project_id: str | None = None
    workspace_dir: str | None = None
    group: str | None = None
    pinned: bool | None = None
    board_face: Literal["chat", "dashboard"] | None = None
    has_board: bool | None = None
    creator_id: NonEmpty | None = None
    owner_id: NonEmpty | None = None
    owner_first: bool | None = None
    involving_me: bool | None = None
    profile_relation: Json | None = None
    involving_profile_id: NonEmpty | None = None
    include_people: bool | None = None
    spawned_by: NonEmpty | None = None
    agent_id: NonEmpty | None = None
    search: str | None = None
    archived: bool | Literal["all"] = False


class SessionsListResult(Result, frozen=True):
    """`next_offset` is null on the last page; `path` names the database and is for people."""

    ts: int
    path: str
    count: int
    total_count: int
    limit_applied: int
    next_offset: int | None
    has_more: bool
    defaults: SessionDefaults
    sessions: list[SessionRow]
    owners: list[Json] = msgspec.field(default_factory=list)


class SubscribeResult(Result, frozen=True):
    subscribed: bool
    key: str | Unset = UNSET


class MessagesSubscribeParams(Params, frozen=True):
    key: KeyText
    agent_id: NonEmpty | None = None
    include_approvals: Literal[True] | None = None


class MessagesUnsubscribeParams(Params, frozen=True):
    key: KeyText
    agent_id: NonEmpty | None = None


class SessionsPreviewParams(Params, frozen=True):
    keys: Annotated[list[NonEmpty], msgspec.Meta(max_length=100)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 12
    max_chars: Annotated[int, msgspec.Meta(ge=20)] = 240


class PreviewItem(Result, frozen=True):
    role: str
    text: str


class SessionPreview(Result, frozen=True):
    key: str
    status: Literal["ok", "empty", "missing"]
    items: list[PreviewItem]


class SessionsPreviewResult(Result, frozen=True):
    ts: int
    previews: list[SessionPreview]


class SessionsDescribeParams(Params, frozen=True):
    key: KeyText
    agent_id: NonEmpty | None = None
    include_derived_titles: bool = False
    include_last_message: bool = False


class SessionsDescribeResult(Result, frozen=True):
    session: SessionRow | None


class SessionsGetParams(OpenParams, frozen=True):
    key: KeyText
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200


class SessionsGetResult(Result, frozen=True):
    messages: list[Json]


class SessionReference(Params, frozen=True):
    key: NonEmpty
    slug: str | None = None


class SessionsResolveParams(Params, frozen=True):
    key: NonEmpty | None = None
    session_id: NonEmpty | None = None
    label: LabelText | None = None
    reference: SessionReference | None = None
    short_id: NonEmpty | None = None
    slug_hint: NonEmpty | None = None
    agent_id: NonEmpty | None = None
    spawned_by: NonEmpty | None = None
    include_global: bool = False
    include_unknown: bool = False
    allow_missing: bool = False


class SessionsResolveResult(Result, frozen=True):
    """Found: `ok`, key and agent. With `allowMissing` and nothing found only `ok: false`."""

    ok: bool
    key: NonEmpty | Unset = UNSET
    agent_id: NonEmpty | Unset = UNSET
    display_name: str | Unset = UNSET
