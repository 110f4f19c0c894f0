"""When a request is sent again."""

from __future__ import annotations

import pytest

from appliance.generation import FailureKind as Kind
from appliance.generation import ModelError
from appliance.providers.cloud.retry import RetryRules


def delay(
    kind: Kind, status: int | None, attempt: int = 0, *, after: float | None = None, **headers: str
) -> float | None:
    error = ModelError(kind, "no", status=status, retry_after_s=after)
    return RetryRules().delay_s(attempt, error, {k.replace("_", "-"): v for k, v in headers.items()}, lambda: 0.0)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(status: int) -> None:
    assert delay(Kind.UNAVAILABLE, status) == 0.5


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 422])
def test_what_will_not_pass_is_not(status: int) -> None:
    assert delay(Kind.INVALID_REQUEST, status) is None


@pytest.mark.parametrize("kind", [Kind.NETWORK, Kind.TIMEOUT])
def test_a_failure_below_http_is_tried_again(kind: Kind) -> None:
    assert delay(kind, None) == 0.5


@pytest.mark.parametrize("kind", [Kind.OFFLINE, Kind.INVALID_REQUEST, Kind.AUTH])
def test_our_own_refusals_are_final(kind: Kind) -> None:
    assert delay(kind, None) is None


@pytest.mark.parametrize("kind", [Kind.BILLING, Kind.AUTH, Kind.REFUSED, Kind.CONTEXT_OVERFLOW])
def test_a_hopeless_kind_is_final_whatever_the_status(kind: Kind) -> None:
    assert delay(kind, 429) is None
    assert delay(kind, 429, x_should_retry="true") is None


def test_there_are_two_retries() -> None:
    assert [delay(Kind.OVERLOADED, 503, attempt) for attempt in range(4)] == [0.5, 1.0, None, None]


def test_the_back_off_ends_at_eight_seconds_and_jitters_downward() -> None:
    rules = RetryRules(attempts=9)
    error = ModelError(Kind.OVERLOADED, "no", status=503)
    assert [rules.delay_s(n, error, {}, lambda: 0.0) for n in range(6)] == [0.5, 1, 2, 4, 8, 8]
    assert rules.delay_s(0, error, {}, lambda: 1.0) == 0.375


def test_the_service_may_say_itself() -> None:
    assert delay(Kind.INVALID_REQUEST, 400, x_should_retry="true") == 0.5
    assert delay(Kind.OVERLOADED, 503, x_should_retry="false") is None


@pytest.mark.parametrize(("after", "expected"), [(0.0, 0.0), (60.0, 60.0), (60.1, None)])
def test_a_wait_is_honoured_up_to_a_minute(after: float, expected: float | None) -> None:
    assert delay(Kind.RATE_LIMIT, 429, after=after) == expected
