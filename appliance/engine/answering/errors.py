"""How a request fails by itself."""

from __future__ import annotations

from typing import Any

from appliance.engine import api
from appliance.generation import FailureKind


class JobError(Exception):
    """A request cannot be served; becomes a Failed frame."""

    def __init__(self, kind: FailureKind, message: str, **details: Any) -> None:
        super().__init__(message)
        self.frame = api.Failed(kind.value, message, details)


def overflow(tokens: int, window: int) -> JobError:
    """Return the error of a prompt that is too long for the window."""
    return JobError(
        FailureKind.CONTEXT_OVERFLOW,
        f"The conversation has about {tokens} tokens, but the local model reads at most {window - 1}.",
        promptTokens=tokens,
        window=window,
    )
