"""The values of this package: sessions, entries of a transcript, inbounds, runs."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import NamedTuple

from appliance.messages import JsonObject
from appliance.storage.blobs import BlobRef


class Source(enum.StrEnum):
    """Where an inbound came from. All of them take the same way through the loop."""

    MESSAGE = "message"
    TIMER = "timer"
    WEBHOOK = "webhook"
    HOOK = "hook"
    HEARTBEAT = "heartbeat"
    AGENT = "agent"


class RunStatus(enum.StrEnum):
    """Where a run stands. QUEUED and RUNNING change; the others are ends and final."""

    QUEUED = "queued"
    RUNNING = "running"
    OK = "ok"
    ERROR = "error"
    ABORTED = "aborted"
    TIMEOUT = "timeout"
    MERGED = "merged"

    @property
    def ended(self) -> bool:
        return self not in (RunStatus.QUEUED, RunStatus.RUNNING)


class EntryRole(enum.StrEnum):
    """Who an entry of a transcript is from. NOTE is written by the box itself and shown as assistant."""

    USER = "user"
    ASSISTANT = "assistant"
    TOOL_RESULT = "toolResult"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Inbound:
    """One thing that asks for a run. `request_digest` tells a replay from a different request under one key.

    `lane` is main, subagent or cron. `origin` says where the answer goes and what was asked for this run alone
    (client id, channel, reply route, queueMode, model, extraSystemPrompt, …): JSON, opaque here.
    """

    run_id: str
    session_key: str
    agent_id: str
    source: Source
    text: str
    attachments: tuple[BlobRef, ...]
    idempotency_key: str
    request_digest: str
    lane: str
    received_ms: int
    origin: JsonObject = field(default_factory=dict)


class Acceptance(NamedTuple):
    """The answer to an inbound. `new` is False for a replay; then the other two are those of the first run."""

    new: bool
    run_id: str
    status: RunStatus


@dataclass(frozen=True, slots=True)
class Session:
    """The row of one session: cheap to list, nothing in it needs the transcript.

    `settings` holds what a user chose (model, thinkingLevel, verboseLevel, queueMode, …). Input and output tokens add
    up; `total_tokens` is the size of the last run (its context). `message_count` counts entries since the last reset.
    """

    key: str
    session_id: str
    agent_id: str
    kind: str
    label: str | None
    created_ms: int
    updated_ms: int
    last_activity_ms: int
    archived: bool
    pinned: bool
    unread: bool
    settings: JsonObject
    input_tokens: int
    output_tokens: int
    total_tokens: int
    last_preview: str | None
    derived_title: str | None
    status: RunStatus | None
    started_ms: int | None
    ended_ms: int | None
    aborted_last_run: bool
    revision: int
    last_seq: int
    message_count: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a transcript. `message` has the wire shape (protocol 7.4) without `__openclaw`; seq starts at 1."""

    id: str
    seq: int
    session_key: str
    session_id: str
    run_id: str | None
    role: EntryRole
    message: JsonObject
    created_ms: int
    idempotency_key: str | None


class NewEntry(NamedTuple):
    """What `append` and `finish_run` take; a plain tuple of the same three fits too."""

    role: EntryRole | str
    message: JsonObject
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One run from its acceptance to its one end."""

    run_id: str
    session_key: str
    agent_id: str
    source: Source
    lane: str
    status: RunStatus
    received_ms: int
    started_ms: int | None
    ended_ms: int | None
    error: JsonObject | None
    result: JsonObject | None
    usage: JsonObject | None
    merged_into: str | None


class Recovery(NamedTuple):
    """What a restart found: runs that it ended as interrupted, inbounds that wait for their run, the notes written."""

    interrupted: list[Run]
    queued: list[Inbound]
    notes: list[Entry]


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions to list. None means: either way. `text` is looked for in key, label, title and preview."""

    agent_id: str | None = None
    archived: bool | None = False
    kind: str | None = None
    label: str | None = None
    text: str | None = None
    active_since_ms: int | None = None
    key_prefix: str | None = None


class SearchHit(NamedTuple):
    """One entry that matches a search; `snippet` is plain text around the first match."""

    session_key: str
    entry: Entry
    snippet: str


class UsageRow(NamedTuple):
    """Tokens of ended runs of one session, by provider and model."""

    session_key: str
    agent_id: str
    provider: str | None
    model: str | None
    runs: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
