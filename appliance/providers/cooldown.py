"""Which providers rest after a failure, and for how long. Time comes from the caller's clock."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.generation import FailureKind, ModelError

_STEPS_S = (60.0, 300.0, 1500.0, 3600.0)  # mission P2: 1, 5, 25 and 60 minutes
_UNREACHABLE_S = 30.0  # long enough not to pay the connect timeouts on every turn without an uplink
_RESTING = frozenset({FailureKind.RATE_LIMIT, FailureKind.AUTH, FailureKind.BILLING})


@dataclass(slots=True)
class _Rest:
    until: float = 0.0
    not_before: float = 0.0
    step: int = 0
    kind: FailureKind = FailureKind.RATE_LIMIT


class Cooldowns:
    """The resting providers. One object serves all chains; seconds are those of one monotonic clock."""

    def __init__(self) -> None:
        self._rests: dict[str, _Rest] = {}

    def failed(self, provider: str, error: ModelError, now: float) -> None:
        """Take note of a failure. Other kinds than these change nothing: they say little about the next call."""
        if error.kind is FailureKind.NETWORK:
            rest = self._rests.setdefault(provider, _Rest())
            rest.until, rest.kind = max(rest.until, now + _UNREACHABLE_S), error.kind
            return
        if error.kind not in _RESTING:
            return
        rest = self._rests.setdefault(provider, _Rest())
        wish_s = error.retry_after_s or 0.0
        # A probe during the rest proves nothing new: only a failure after it lengthens the next one.
        if now >= rest.until or rest.kind is FailureKind.NETWORK:
            rest.until = now + max(_STEPS_S[min(rest.step, len(_STEPS_S) - 1)], wish_s)
            rest.step += 1
        rest.not_before = max(rest.not_before, now + wish_s)
        rest.kind = error.kind

    def succeeded(self, provider: str) -> None:
        """Forget every failure of a provider."""
        self._rests.pop(provider, None)

    def reached(self, provider: str) -> None:
        """End the rest of a provider that could not be reached: it can be now."""
        if (rest := self._rests.get(provider)) is not None and rest.kind is FailureKind.NETWORK:
            rest.until = 0.0

    clear = succeeded  # for a new key or address in the configuration

    def resting(self, provider: str, now: float) -> tuple[FailureKind, float] | None:
        """Return (why, seconds left) while a provider rests, else None."""
        rest = self._rests.get(provider)
        return (rest.kind, rest.until - now) if rest is not None and now < rest.until else None

    def may_probe(self, provider: str, now: float) -> bool:
        """True unless the service itself asked for a wait that is not over: nobody else can answer, so try."""
        rest = self._rests.get(provider)
        return rest is None or now >= rest.not_before
