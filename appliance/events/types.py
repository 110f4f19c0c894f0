"""Every internal fact that travels on the bus, as a frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.messages import JsonObject


@dataclass(frozen=True, slots=True)
class Event:
    """The root of all facts."""


@dataclass(frozen=True, slots=True)
class RunEvent(Event):
    """One step of a run (protocol.md 7.3). `seq` counts from 1 inside the run."""

    run_id: str
    session_key: str
    session_id: str
    agent_id: str
    seq: int
    stream: str
    data: JsonObject
    ts_ms: int


@dataclass(frozen=True, slots=True)
class ChatEvent(Event):
    """What a chat window shows of a run (protocol.md 7.2). `fields` is the rest of the payload."""

    run_id: str
    session_key: str
    agent_id: str
    seq: int
    state: str
    fields: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EntryStored(Event):
    """A transcript entry is durable. `entry` is its message in the wire shape of protocol.md 7.4."""

    session_key: str
    agent_id: str
    entry_id: str
    seq: int
    run_id: str | None
    entry: JsonObject
    created_ms: int
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class SessionChanged(Event):
    """The row of a session changed; who shows it should read it again."""

    session_key: str
    agent_id: str
    reason: str
    run_id: str | None
    ts_ms: int


@dataclass(frozen=True, slots=True)
class HealthChanged(Event):
    """A health condition appeared or went away."""


@dataclass(frozen=True, slots=True)
class ReachChanged(Event):
    """This gateway shows another certificate, or is met under another name, than before."""


@dataclass(frozen=True, slots=True)
class ConfigChanged(Event):
    """The configuration file was changed and read; `hash` is its new hash."""

    path: str
    hash: str
    ts_ms: int


@dataclass(frozen=True, slots=True)
class ModelsChanged(Event):
    """The set of usable models changed."""


@dataclass(frozen=True, slots=True)
class NodeNews(Event):
    """Something about a node that clients may hear: the name of a wire event and its payload (protocol.md 9)."""

    event: str
    payload: JsonObject


@dataclass(frozen=True, slots=True)
class AgendaChanged(Event):
    """A timer, alarm or reminder was set, cancelled or told; who shows them should read them again."""


@dataclass(frozen=True, slots=True)
class ListsChanged(Event):
    """A list or a note changed; who shows them should read them again."""
