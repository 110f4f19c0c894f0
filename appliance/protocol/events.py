"""Every event that this gateway sends: its name and who may hear it (protocol.md 6)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from appliance.protocol.roles import ADMIN, APPROVALS, PAIRING, QUESTIONS, READ, TALK, WRITE


class Audience(enum.Enum):
    """Who gets an event, beside the scope that it needs."""

    BROADCAST = enum.auto()
    """Every socket that has the scope; carries `seq`."""
    SESSION = enum.auto()
    """As BROADCAST, but a socket with the capability `session-scoped-events` only for sessions it asked for."""
    SESSIONS = enum.auto()
    """Only sockets that called sessions.subscribe; targeted, no `seq`."""
    MESSAGES = enum.auto()
    """Only sockets that called sessions.messages.subscribe for the session; targeted, no `seq`."""


@dataclass(frozen=True, slots=True)
class EventSpec:
    """One event. `scope` None is everyone; `drop_if_slow`: a slow socket may miss it instead of being cut off."""

    name: str
    scope: str | None = None
    audience: Audience = Audience.BROADCAST
    drop_if_slow: bool = False


CHALLENGE: Final = "connect.challenge"

EVENTS: Final = {
    spec.name: spec
    for spec in (
        EventSpec("agent", READ, Audience.SESSION),
        EventSpec("chat", READ, Audience.SESSION),
        EventSpec("session.message", READ, Audience.MESSAGES),
        EventSpec("sessions.changed", READ, Audience.SESSIONS),
        EventSpec("presence", READ, drop_if_slow=True),
        EventSpec("tick", drop_if_slow=True),
        EventSpec("health", drop_if_slow=True),
        EventSpec("update.available", drop_if_slow=True),
        EventSpec("update.run.changed", ADMIN),
        EventSpec("shutdown"),
        EventSpec("config.changed", READ),
        EventSpec("homarus.agenda.changed", READ),
        EventSpec("homarus.lists.changed", READ),
        EventSpec("device.pair.requested", PAIRING),
        EventSpec("device.pair.resolved", PAIRING),
        EventSpec("device.pair.changed", PAIRING),
        EventSpec("device.pair.setup.completed", PAIRING),
        EventSpec("device.pair.setup.deliveryUncertain", PAIRING),
        EventSpec("node.pair.requested", PAIRING),
        EventSpec("node.pair.resolved", PAIRING),
        EventSpec("node.presence", READ, drop_if_slow=True),
        EventSpec("node.hostStats", READ, drop_if_slow=True),
    )
}

ADVERTISED: Final = (CHALLENGE, *sorted(EVENTS))
"""The list of hello: events that exist here, and nothing that does not."""

_SCOPES_BY_PREFIX: Final = (
    ("exec.approval.", APPROVALS),
    ("plugin.approval.", APPROVALS),
    ("openclaw.approval.", APPROVALS),
    ("question.", QUESTIONS),
    ("device.pair.", PAIRING),
    ("node.pair.", PAIRING),
    ("terminal.", ADMIN),
    ("talk.", TALK),
    ("plugin.", WRITE),
)


def spec_of(name: str) -> EventSpec | None:
    """Return the rule for an event; None means nobody may hear it. Unknown families are nobody's (protocol.md 6)."""
    if (spec := EVENTS.get(name)) is not None:
        return spec
    for prefix, scope in _SCOPES_BY_PREFIX:
        if name.startswith(prefix):
            return EventSpec(name, scope)
    return None
