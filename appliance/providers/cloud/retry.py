"""When a request is sent again, and after how long: the rules of the official libraries, pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from appliance.foundation.backoff import Backoff
from appliance.generation import FailureKind, ModelError

_RETRIED_STATUSES = frozenset({408, 409, 429})
# Kinds that no repetition mends, whatever the status says (a 429 may mean "no money").
_HOPELESS = frozenset({FailureKind.AUTH, FailureKind.BILLING, FailureKind.CONTEXT_OVERFLOW, FailureKind.REFUSED})


_BACKOFF = Backoff(first_s=0.5, limit_s=8.0, factor=2.0, jitter=0.25)


@dataclass(frozen=True, slots=True)
class RetryRules:
    """Bounds of repetition. A service that asks for a longer wait than `longest_wait_s` is not waited for."""

    attempts: int = 3
    backoff: Backoff = _BACKOFF
    longest_wait_s: float = 60.0

    def delay_s(
        self, attempt: int, error: ModelError, headers: Mapping[str, str], chance: Callable[[], float] | None = None
    ) -> float | None:
        """Return the wait after failed attempt number `attempt` (0 is the first), or None to give up."""
        if attempt + 1 >= self.attempts or not self._again(error, headers):
            return None
        if error.retry_after_s is None:
            return self.backoff.delay_s(attempt) if chance is None else self.backoff.delay_s(attempt, chance)
        return error.retry_after_s if error.retry_after_s <= self.longest_wait_s else None

    def _again(self, error: ModelError, headers: Mapping[str, str]) -> bool:
        if error.kind in _HOPELESS:
            return False
        if error.status is None:
            return error.kind in (FailureKind.NETWORK, FailureKind.TIMEOUT)
        if (wish := headers.get("x-should-retry", "").lower()) in ("true", "false"):
            return wish == "true"
        return error.status in _RETRIED_STATUSES or error.status >= 500
