"""The root of every error that this program raises on purpose."""

from __future__ import annotations

from collections.abc import Mapping


class ApplianceError(Exception):
    """An expected failure with a stable code and a text that names the fix.

    `code` is for programs and never changes; the message is for people and may. `details` is JSON-safe and
    carries no secret: it may reach a client or a log.
    """

    code = "error"

    def __init__(self, message: str, *, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.details: Mapping[str, object] = details or {}


class OverloadedError(ApplianceError):
    """A bound was reached; the same request may succeed after `retry_after_s` seconds."""

    code = "overloaded"

    def __init__(self, message: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(message, details={"retryAfterMs": round(retry_after_s * 1000)})
        self.retry_after_s = retry_after_s


class ClosedError(ApplianceError):
    """The object was closed; nothing more can be asked of it."""

    code = "closed"
