"""Errors as the wire knows them: a top-level code, a message that clients match on, and details."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, Final

from appliance.foundation.errors import ApplianceError, OverloadedError
from appliance.protocol.frames import ErrorShape


class ErrorCode(enum.StrEnum):
    """The top-level codes of protocol.md 2. Finer codes travel in `details.code`."""

    INVALID_REQUEST = "INVALID_REQUEST"
    UNAVAILABLE = "UNAVAILABLE"
    FORBIDDEN = "FORBIDDEN"
    NOT_PAIRED = "NOT_PAIRED"
    APPROVAL_NOT_FOUND = "APPROVAL_NOT_FOUND"


class WireError(ApplianceError):
    """Reject one request: this becomes its `error`. `message` may be matched by clients, so keep it stable."""

    code = "wire_error"

    def __init__(
        self,
        code: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        retryable: bool | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message, details=details)
        self.wire_code = str(code)
        self.retryable = retryable
        self.retry_after_ms = retry_after_ms

    def shape(self) -> ErrorShape:
        """Return the `error` member of the response."""
        return ErrorShape(self.wire_code, str(self), dict(self.details) or None, self.retryable, self.retry_after_ms)


def invalid_request(message: str, *, details: Mapping[str, Any] | None = None) -> WireError:
    """Say that the request itself is wrong; sending it again unchanged will not help."""
    return WireError(ErrorCode.INVALID_REQUEST, message, details=details)


def unavailable(message: str, *, details: Mapping[str, Any] | None = None, retry_after_ms: int = 1000) -> WireError:
    """Say that the same request may succeed later."""
    return WireError(ErrorCode.UNAVAILABLE, message, details=details, retryable=True, retry_after_ms=retry_after_ms)


def unknown_method(method: str) -> WireError:
    return invalid_request(f"unknown method: {method}")


def unauthorized_role(role: str) -> WireError:
    return invalid_request(f"unauthorized role: {role}")


def rights_gone() -> WireError:
    """Refuse a connection whose rights shrank since its hello; its socket is closed with 4001."""
    details = {"code": "AUTH_UNAUTHORIZED", "recommendedNextStep": "update_auth_credentials"}
    message = "unauthorized: the rights of this device changed; connect again"
    return WireError(ErrorCode.FORBIDDEN, message, details=details)


def missing_scope(scope: str, required: Sequence[str] = ()) -> WireError:
    """Refuse for want of `scope`; `required` is the complete list that the method needs (protocol.md 2)."""
    details = {"code": "MISSING_SCOPE", "missingScope": scope, "requiredScopes": list(required) or [scope]}
    return WireError(ErrorCode.FORBIDDEN, f"missing scope: {scope}", details=details)


_RETRYABLE: Final = frozenset(
    {"overloaded", "closed", "storage_full", "state_held", "interrupted", "starting", "draining"}
)
"""Codes of our own errors that are no fault of the request."""

_REASONS: Final = {"chat_request_conflict": "chat-request-conflict"}
"""Codes that clients know as `details.reason` (protocol.md 7.1)."""


def to_wire(error: ApplianceError) -> WireError:
    """Translate an expected failure of any floor. The one mapper of this surface."""
    if isinstance(error, WireError):
        return error
    details: dict[str, Any] = {"code": error.code.upper(), **error.details}
    if (reason := _REASONS.get(error.code)) is not None:
        details["reason"] = reason
    if isinstance(error, OverloadedError) or error.code in _RETRYABLE:
        retry_after_ms = details.pop("retryAfterMs", 1000)
        return unavailable(
            str(error), details=details, retry_after_ms=retry_after_ms if isinstance(retry_after_ms, int) else 1000
        )
    return invalid_request(str(error), details=details)
