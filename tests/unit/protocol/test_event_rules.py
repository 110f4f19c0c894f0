from __future__ import annotations

import pytest

from appliance.protocol.events import ADVERTISED, EVENTS, spec_of
from appliance.protocol.roles import ADMIN, APPROVALS, PAIRING, QUESTIONS, READ, WRITE


@pytest.mark.parametrize(
    ("event", "scope"),
    [
        ("chat", READ),
        ("presence", READ),
        ("tick", None),
        ("shutdown", None),
        ("exec.approval.requested", APPROVALS),
        ("question.requested", QUESTIONS),
        ("device.pair.resolved", PAIRING),
        ("terminal.data", ADMIN),
        ("plugin.anything", WRITE),
    ],
)
def test_each_family_of_events_has_its_scope(event: str, scope: str | None) -> None:
    spec = spec_of(event)
    assert spec is not None
    assert spec.scope == scope


def test_an_unknown_event_is_for_nobody() -> None:
    assert spec_of("made.up") is None


def test_hello_lists_what_is_sent() -> None:
    assert set(ADVERTISED) == {"connect.challenge", *EVENTS}
