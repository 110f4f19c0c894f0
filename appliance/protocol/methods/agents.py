"""Agents and runs that are asked for by method instead of chat."""

from __future__ import annotations

from typing import Any, Literal

from appliance.protocol.methods.base import (
    UNSET,
    Json,
    LabelText,
    Natural,
    NonEmpty,
    OpenParams,
    Params,
    Result,
    Unset,
)


class AgentsListParams(Params, frozen=True):
    pass


class AgentIdentity(Result, frozen=True):
    name: NonEmpty | Unset = UNSET
    theme: NonEmpty | Unset = UNSET
    emoji: NonEmpty | Unset = UNSET
    avatar: NonEmpty | Unset = UNSET


class AgentModel(Result, frozen=True):
    primary: NonEmpty | Unset = UNSET
    fallbacks: list[NonEmpty] | Unset = UNSET


class AgentRuntime(Result, frozen=True):
    id: NonEmpty = "homarus"
    source: Literal["implicit"] = "implicit"


class AgentSummary(Result, frozen=True):
    id: NonEmpty
    kind: Literal["agent", "system"] = "agent"
    name: NonEmpty | Unset = UNSET
    identity: AgentIdentity | Unset = UNSET
    workspace: NonEmpty | Unset = UNSET
    model: AgentModel | Unset = UNSET
    agent_runtime: AgentRuntime = AgentRuntime()


class AgentsListResult(Result, frozen=True):
    default_id: NonEmpty
    main_key: NonEmpty
    agents: list[AgentSummary]
    scope: Literal["per-sender", "global"] = "per-sender"
    ownership: Literal["sole", "legacy", "explicit"] = "sole"
    selection_required: bool = False


class AgentIdentityParams(Params, frozen=True):
    agent_id: NonEmpty | None = None
    session_key: str | None = None


class AgentIdentityResult(Result, frozen=True):
    agent_id: NonEmpty
    name: NonEmpty
    name_source: Literal["config", "agent", "workspace", "default"]
    avatar: NonEmpty | Unset = UNSET
    emoji: NonEmpty | Unset = UNSET


class AgentParams(OpenParams, frozen=True):
    """Members that ask for what is not there yet (channels, worktrees, hand-offs) are ignored."""

    message: NonEmpty
    idempotency_key: NonEmpty
    agent_id: NonEmpty | None = None
    session_key: str | None = None
    session_id: str | None = None
    expected_existing_session_id: NonEmpty | None = None
    provider: str | None = None
    model: str | None = None
    thinking: str | None = None
    deliver: bool | None = None
    attachments: list[Json] | None = None
    channel: str | None = None
    to: str | None = None
    timeout: Natural | None = None
    lane: str | None = None
    extra_system_prompt: str | None = None
    label: LabelText | None = None


class AgentAccepted(Result, frozen=True):
    """The first of the two answers."""

    run_id: NonEmpty
    session_key: NonEmpty
    agent_id: NonEmpty
    accepted_at: int
    status: Literal["accepted"] = "accepted"


class AgentFinished(Result, frozen=True):
    """The second answer. `summary` is for people, `status` for programs."""

    run_id: NonEmpty
    status: Literal["ok", "error", "timeout"]
    summary: str
    result: Any
    error: Any = UNSET


class AgentWaitParams(Params, frozen=True):
    run_id: NonEmpty
    timeout_ms: Natural | None = None


class TerminalReply(Result, frozen=True):
    disposition: Literal["visible", "empty"]
    text: str | Unset = UNSET


class AgentWaitResult(Result, frozen=True):
    run_id: NonEmpty
    status: Literal["ok", "error", "timeout"]
    started_at: int | Unset = UNSET
    ended_at: int | Unset = UNSET
    stop_reason: str | Unset = UNSET
    error: str | Unset = UNSET
    terminal_reply: TerminalReply | Unset = UNSET
