"""The frames of protocol.md 2: request, response, event, and the shape of an error.

Parameters and payloads stay undecoded bytes (`msgspec.Raw`) until someone who knows their type asks for them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Request(msgspec.Struct, frozen=True, gc=False):
    """What a client asks. Unknown members are ignored: laxer than the reference, never stricter."""

    type: Literal["req"]
    id: str
    method: str
    params: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    traceparent: str | None = None


class ErrorShape(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Why a request failed."""

    code: str
    message: str
    details: Any = None
    retryable: bool | None = None
    retry_after_ms: int | None = None


class Response(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="res"):
    """The answer to one request. A request may get two: the first says that the work was accepted."""

    id: str
    ok: bool
    payload: Any = msgspec.UNSET
    error: ErrorShape | msgspec.UnsetType = msgspec.UNSET


class StateVersion(msgspec.Struct, frozen=True):
    """Counters of the two states that hello snapshots: they grow with each change."""

    presence: int
    health: int


class Event(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", tag_field="type", tag="event"):
    """What the gateway tells without being asked. `seq` only on broadcast events (protocol.md 2)."""

    event: str
    payload: Any = msgspec.UNSET
    seq: int | msgspec.UnsetType = msgspec.UNSET
    state_version: StateVersion | msgspec.UnsetType = msgspec.UNSET
