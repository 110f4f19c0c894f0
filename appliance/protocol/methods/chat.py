"""The chat window: send, history, abort, inject, metadata."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from appliance.protocol.methods.base import (
    UNSET,
    Json,
    KeyText,
    Natural,
    NonEmpty,
    OpenParams,
    Params,
    Positive,
    Result,
    Unset,
)
from appliance.protocol.methods.models import ModelChoice
from appliance.protocol.methods.sessions import SessionDefaults, SessionRow

RunIdText = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
QueueModeName = Literal["steer", "followup", "collect", "interrupt"]


class Attachment(OpenParams, frozen=True):
    """`content` is base64, bare or as a data URL."""

    type: str | None = None
    mime_type: str | None = None
    file_name: str | None = None
    content: Any = None


class ChatSendParams(OpenParams, frozen=True):
    """Members for what is not there yet (goals, mentions, work context) are accepted and ignored."""

    session_key: KeyText
    message: str
    idempotency_key: RunIdText
    agent_id: NonEmpty | None = None
    session_id: NonEmpty | None = None
    thinking: str | None = None
    queue_mode: QueueModeName | None = None
    deliver: bool | None = None
    attachments: list[Attachment] | None = None
    timeout_ms: Natural | None = None
    reply_to_id: NonEmpty | None = None
    suppress_command_interpretation: bool = False
    expected_leaf_entry_id: NonEmpty | Unset | None = UNSET


class ServerTiming(Result, frozen=True):
    received_to_ack_ms: float
    load_session_ms: float


class ChatSendResult(Result, frozen=True):
    """The acknowledgement: when it is read, the message is on disk."""

    run_id: NonEmpty
    server_timing: ServerTiming
    status: Literal["started"] = "started"


class ChatHistoryParams(Params, frozen=True):
    """`offset` counts from the newest; `cursor` asks only for what came since; `maxChars` is per text."""

    session_key: KeyText
    agent_id: NonEmpty | None = None
    cursor: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200
    max_bytes: Annotated[int, msgspec.Meta(ge=1024)] | None = None
    offset: Natural = 0
    pending_before: Positive | None = None
    input_run_ids: Annotated[list[RunIdText], msgspec.Meta(max_length=50)] | None = None
    message_id: NonEmpty | None = None
    session_id: NonEmpty | None = None
    max_chars: Annotated[int, msgspec.Meta(ge=1, le=500_000)] | None = None


class ChatStartupParams(Params, frozen=True):
    """A `shortId` names a session by the start of its id."""

    session_key: KeyText | None = None
    short_id: NonEmpty | None = None
    slug_hint: NonEmpty | None = None
    agent_id: NonEmpty | None = None
    cursor: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200
    max_bytes: Annotated[int, msgspec.Meta(ge=1024)] | None = None
    offset: Natural = 0
    pending_before: Positive | None = None
    input_run_ids: Annotated[list[RunIdText], msgspec.Meta(max_length=50)] | None = None
    message_id: NonEmpty | None = None
    session_id: NonEmpty | None = None
    max_chars: Annotated[int, msgspec.Meta(ge=1, le=500_000)] | None = None


class PendingInput(Result, frozen=True):
    """A message that is accepted and waits for its turn."""

    id: NonEmpty
    run_id: RunIdText
    message: Json
    accepted_at: int
    state: Literal["queued", "cancelled", "interrupted"] = "queued"


class PendingInputs(Result, frozen=True):
    items: list[PendingInput]
    total: Natural


class InFlightRun(Result, frozen=True):
    run_id: NonEmpty
    text: str


class InputReceipt(Result, frozen=True):
    """Where a sent message is: still pending, or in the transcript as entry `consumedByEventId`."""

    run_id: RunIdText
    state: Literal["pending", "consumed"]
    consumed_by_event_id: NonEmpty | Unset = UNSET


class ChatMetadata(Result, frozen=True):
    models: list[ModelChoice]
    commands: list[Any]
    swarm_enabled: bool = False
    runtime_selection_locked: bool = False


class ChatHistoryResult(Result, frozen=True):
    """Oldest message first. `deltaCursor` goes back as `cursor`; `metadata` only in `chat.startup`."""

    session_key: NonEmpty
    messages: list[Json]
    pending_inputs: PendingInputs
    delta_cursor: str
    has_more: bool
    total_messages: int
    defaults: SessionDefaults
    session_info: Any
    session_id: str | Unset = UNSET
    next_offset: int | Unset = UNSET
    in_flight_run: InFlightRun | Unset = UNSET
    input_receipts: list[InputReceipt] | Unset = UNSET
    thinking_level: str | Unset = UNSET
    verbose_level: str | Unset = UNSET
    metadata: ChatMetadata | Unset = UNSET


class SessionMessage(Result, frozen=True):
    """One stored entry, as in the event `session.message`."""

    session_key: NonEmpty
    agent_id: NonEmpty
    message: Json
    message_id: NonEmpty
    message_seq: Positive
    session: SessionRow | Unset = UNSET


class ChatHistoryDelta(Result, frozen=True):
    messages: list[SessionMessage]
    delta_cursor: str
    session_info: Any
    pending_inputs: PendingInputs
    kind: Literal["delta"] = "delta"
    in_flight_run: InFlightRun | Unset = UNSET
    input_receipts: list[InputReceipt] | Unset = UNSET
    metadata: ChatMetadata | Unset = UNSET


class ChatHistoryReset(Result, frozen=True):
    """The cursor does not fit any more: ask again without one."""

    kind: Literal["reset"] = "reset"


class ChatAbortParams(Params, frozen=True):
    session_key: KeyText
    agent_id: NonEmpty | None = None
    run_id: NonEmpty | None = None
    preserve_side_runs: bool | None = None


class ChatAbortResult(Result, frozen=True):
    aborted: bool
    run_ids: list[str]
    ok: Literal[True] = True


class ChatInjectParams(Params, frozen=True):
    session_key: KeyText
    message: NonEmpty
    agent_id: NonEmpty | None = None
    label: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class ChatInjectResult(Result, frozen=True):
    message_id: NonEmpty
    ok: Literal[True] = True


class ChatMessageGetParams(Params, frozen=True):
    session_key: KeyText
    message_id: NonEmpty
    agent_id: NonEmpty | None = None
    max_chars: Annotated[int, msgspec.Meta(ge=1, le=2_000_000)] | None = None


class ChatMessageGetResult(Result, frozen=True):
    ok: bool
    message: Json | Unset = UNSET
    unavailable_reason: Literal["not_found", "oversized", "not_visible"] | Unset = UNSET


class ChatMetadataParams(Params, frozen=True):
    agent_id: NonEmpty | None = None
    auth_profile_id: Annotated[str, msgspec.Meta(max_length=256)] | None = None
    session_key: NonEmpty | None = None
