from __future__ import annotations

from appliance.foundation.errors import ApplianceError, ClosedError, OverloadedError
from appliance.protocol.errors import WireError, missing_scope, to_wire


class Conflict(ApplianceError):
    code = "chat_request_conflict"


def test_a_wire_error_passes_as_it_is() -> None:
    error = missing_scope("operator.write")
    assert to_wire(error) is error
    assert error.shape().details == {
        "code": "MISSING_SCOPE",
        "missingScope": "operator.write",
        "requiredScopes": ["operator.write"],
    }


def test_overload_is_retryable_with_its_delay() -> None:
    shape = to_wire(OverloadedError("busy", retry_after_s=2.5)).shape()
    assert (shape.code, shape.retryable, shape.retry_after_ms) == ("UNAVAILABLE", True, 2500)


def test_what_is_closing_is_retryable() -> None:
    assert to_wire(ClosedError("closing")).retryable


def test_other_failures_are_the_request_s_own() -> None:
    error = to_wire(Conflict("used for something else", details={"runId": "r"}))
    assert error.wire_code == "INVALID_REQUEST"
    assert error.shape().details == {
        "code": "CHAT_REQUEST_CONFLICT",
        "runId": "r",
        "reason": "chat-request-conflict",
    }
    assert isinstance(error, WireError)
