"""Conversations: rows, lists, changes, subscriptions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from appliance.protocol.methods.base import (
    UNSET,
    Day,
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


class SessionEntry(Result, frozen=True):
    """The stored facts of a session after a change."""

    session_id: str
    lifecycle_revision: str
    updated_at: int
    created_at: int
    aborted_last_run: bool
    system_sent: bool
    input_tokens: int
    output_tokens: int
    total_tokens: int
    total_tokens_fresh: bool
    archived: bool
    pinned: bool
    unread: bool
    label: str | Unset = UNSET
    status: SessionState | Unset = UNSET
    provider_override: str | Unset = UNSET
    model_override: str | Unset = UNSET
    thinking_level: str | Unset = UNSET
    verbose_level: str | Unset = UNSET
    queue_mode: str | Unset = UNSET


class ResolvedModel(Result, frozen=True):
    model_provider: str | None
    model: str | None


class SessionsCreateParams(OpenParams, frozen=True):
    """Members that ask for what is not there yet (worktrees, nodes, projects) are refused by name."""

    key: KeyText | None = None
    idempotency_key: NonEmpty | None = None
    agent_id: NonEmpty | None = None
    label: LabelText | None = None
    display_name: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | None = None
    title_source: Annotated[str, msgspec.Meta(max_length=1000)] | None = None
    category: LabelText | None = None
    model: NonEmpty | None = None
    thinking_level: NonEmpty | None = None
    permission_mode: str | None = None
    tool_overrides: Json | None = None
    incognito: bool = False
    parent_session_key: NonEmpty | None = None
    fork: bool = False
    task: str | None = None
    message: str | None = None
    attachments: list[Json] | None = None
    timeout_ms: Natural | None = None
    worktree: bool = False
    repository: Json | None = None
    project_git_url: str | None = None
    exec_node: NonEmpty | None = None
    cwd: NonEmpty | None = None


class SessionsCreateResult(Result, frozen=True):
    key: NonEmpty
    session_id: NonEmpty
    entry: SessionEntry
    run_started: bool
    resolved: ResolvedModel
    ok: Literal[True] = True
    run_id: NonEmpty | Unset = UNSET
    status: Literal["started"] | Unset = UNSET
    run_error: Json | Unset = UNSET


Changed = str | None | Unset


class SessionsPatchParams(OpenParams, frozen=True):
    """What to change: null clears, absent keeps. `expected…` members guard against someone else's change."""

    key: KeyText
    agent_id: NonEmpty | None = None
    expected_session_id: NonEmpty | None = None
    expected_lifecycle_revision: NonEmpty | None = None
    label: LabelText | Unset | None = UNSET
    auto_label: LabelText | Unset | None = UNSET
    archived: bool | Unset = UNSET
    pinned: bool | Unset = UNSET
    unread: bool | Unset = UNSET
    icon: Changed = UNSET
    color: Changed = UNSET
    category: Changed = UNSET
    board_face: Changed = UNSET
    board_presentation: Changed = UNSET
    status_note: Changed = UNSET
    attention: Changed = UNSET
    ttl_minutes: int | Unset = UNSET
    model: NonEmpty | Unset | None = UNSET
    thinking_level: NonEmpty | Unset | None = UNSET
    verbose_level: NonEmpty | Unset | None = UNSET
    trace_level: NonEmpty | Unset | None = UNSET
    reasoning_level: NonEmpty | Unset | None = UNSET
    elevated_level: NonEmpty | Unset | None = UNSET
    fast_mode: bool | Literal["auto"] | Unset | None = UNSET
    response_usage: Literal["off", "tokens", "full", "on"] | Unset | None = UNSET
    queue_mode: Literal["steer", "followup", "collect", "interrupt"] | Unset | None = UNSET
    send_policy: Literal["allow", "deny"] | Unset | None = UNSET
    group_activation: Literal["mention", "always"] | Unset | None = UNSET
    permission_mode: Any = UNSET
    tool_overrides: Any = UNSET
    sandbox_mode: Any = UNSET
    exec_host: Changed = UNSET
    exec_security: Changed = UNSET
    exec_ask: Changed = UNSET
    exec_node: Changed = UNSET


class SessionsPatchResult(Result, frozen=True):
    path: str
    key: NonEmpty
    entry: SessionEntry
    resolved: ResolvedModel
    ok: Literal[True] = True


class SessionsResetParams(Params, frozen=True):
    key: KeyText
    agent_id: NonEmpty | None = None
    reason: Literal["new", "reset"] = "reset"
    expected_session_id: NonEmpty | None = None


class SessionsResetResult(Result, frozen=True):
    key: NonEmpty
    entry: SessionEntry
    resolved: ResolvedModel
    ok: Literal[True] = True


class SessionsDeleteParams(Params, frozen=True):
    key: KeyText
    agent_id: NonEmpty | None = None
    delete_transcript: bool = True
    expected_session_id: NonEmpty | None = None
    expected_lifecycle_revision: NonEmpty | None = None
    expected_session_updated_at: float | None = None
    emit_lifecycle_hooks: bool | None = None
    archived_only: bool = False


class SessionsDeleteResult(Result, frozen=True):
    """`archived` lists the files that keep the transcript."""

    key: NonEmpty
    deleted: bool
    archived: list[NonEmpty]
    ok: Literal[True] = True


class SessionsSendParams(Params, frozen=True):
    """`chat.send` by session key."""

    key: KeyText
    message: str
    agent_id: NonEmpty | None = None
    mentions: list[Json] | None = None
    thinking: str | None = None
    attachments: list[Json] | None = None
    timeout_ms: Natural | None = None
    idempotency_key: NonEmpty | None = None


class SessionsAbortParams(Params, frozen=True):
    key: KeyText | None = None
    run_id: NonEmpty | None = None
    agent_id: NonEmpty | None = None
    clear_queued: bool = False


class SessionsAbortResult(Result, frozen=True):
    aborted_run_id: str | None
    status: Literal["aborted", "no-active-run"]
    ok: Literal[True] = True


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


class SessionsUsageResult(Result, frozen=True):
    updated_at: int
    start_date: str
    end_date: str
    sessions: list[SessionUsage]
    totals: UsageTotals
    aggregates: Json
