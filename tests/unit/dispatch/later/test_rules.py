"""What is kept, what is not, and when a way out is tried."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from appliance.dispatch.later.patience import Patience
from appliance.dispatch.later.rules import MAX_KEPT, MAX_PER_SESSION, Held, Verdict, forgets, shown, verdict
from appliance.generation import FailureKind, ModelError
from appliance.sessions.model import Inbound, Source
from tests.unit.dispatch.house import inbound

NONE = Held(0, 0)


def attempt(ref: str, kind: FailureKind) -> tuple[str, ModelError]:
    return ref, ModelError(kind, "x")


AWAY = [attempt("homarus/mini", FailureKind.ESCALATE), attempt("far/big", FailureKind.NETWORK)]


def decided(one: Inbound | None = None, attempts: Any = AWAY, held: Held = NONE) -> Verdict:
    return verdict([one or inbound("r1")], attempts, held)


def test_a_question_that_lacks_nothing_but_a_connection_is_kept() -> None:
    assert decided() is Verdict.KEEP
    assert decided(attempts=[*AWAY, attempt("other/big", FailureKind.AUTH)]) is Verdict.KEEP


@pytest.mark.parametrize(
    "attempts",
    [
        [attempt("homarus/mini", FailureKind.ESCALATE)],
        [attempt("far/big", FailureKind.AUTH)],
        [attempt("far/big", FailureKind.TIMEOUT)],
        [attempt("local/tiny", FailureKind.NETWORK)],
        [attempt("remote-attic/tiny", FailureKind.NETWORK)],
        [],
    ],
)
def test_what_a_connection_would_not_mend_is_not_kept(attempts: Any) -> None:
    assert decided(attempts=attempts) is Verdict.LEAVE


def test_an_owner_who_forbids_the_connection_is_obeyed() -> None:
    assert decided(attempts=[*AWAY, attempt("other/big", FailureKind.OFFLINE)]) is Verdict.FORBIDDEN
    assert decided(attempts=[attempt("far/big", FailureKind.OFFLINE)]) is Verdict.FORBIDDEN


def test_only_people_are_promised_an_answer() -> None:
    one = inbound("r1")
    for source in (Source.TIMER, Source.HEARTBEAT, Source.WEBHOOK, Source.AGENT):
        assert decided(replace(one, source=source)) is Verdict.LEAVE
    assert decided(replace(one, lane="cron")) is Verdict.LEAVE
    assert decided(inbound("r1", client="http")) is Verdict.LEAVE


def test_each_bound_holds_at_the_cap_and_not_before() -> None:
    assert decided(held=Held(MAX_PER_SESSION - 1, MAX_KEPT - 1)) is Verdict.KEEP
    assert decided(held=Held(MAX_PER_SESSION, MAX_PER_SESSION)) is Verdict.SESSION_FULL
    assert decided(held=Held(0, MAX_KEPT)) is Verdict.FULL


@pytest.mark.parametrize("text", ["forget it", "Forget it!", "Vergiss es.", "Laisse tomber", " oublie ça "])
def test_people_take_a_question_back_in_their_own_words(text: str) -> None:
    assert forgets(text)


@pytest.mark.parametrize("text", ["do not forget it", "forget it was me", "", "never mind the weather"])
def test_other_sentences_take_nothing_back(text: str) -> None:
    assert not forgets(text)


def test_a_long_question_is_shown_in_one_line() -> None:
    assert shown("a\n b") == "a b"
    assert len(shown("x" * 160)) == 160
    assert shown("x" * 161).endswith("x…")


def test_tries_become_rarer_up_to_five_minutes() -> None:
    patience, now, waits = Patience(chance=lambda: 0.0), 0.0, list[float]()
    for _ in range(9):
        patience.failed(now)
        start = now
        while not patience.due(now, True):
            now += 1
        waits.append(now - start)
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_a_default_route_that_appears_is_tried_at_once() -> None:
    patience = Patience(chance=lambda: 0.0)
    for _ in range(9):
        patience.failed(0.0)
    assert not patience.due(1.0, False)
    assert patience.due(2.0, True)
    patience.failed(2.0)
    assert not patience.due(6.9, True)
    assert patience.due(7.0, True)
