"""What creates, changes and ends sessions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

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
    Result,
    Unset,
)
from appliance.protocol.methods.sessions import SessionState


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
