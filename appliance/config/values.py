"""Values that an option can hold beside text, numbers and lists: secrets, durations, the choice of models."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NoReturn

REDACTED: Final = "__OPENCLAW_REDACTED__"

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)?")
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_MAX_MS = 10 * 366 * 86_400_000


class Secret:
    """A text that no repr, str, format, JSON or pickle shows. `reveal` at the last moment, where it is sent."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time, written as `30m`, `1h30m`, `500ms` or `7d`."""

    ms: int

    @property
    def seconds(self) -> float:
        return self.ms / 1000

    def __str__(self) -> str:
        for unit in ("w", "d", "h", "m", "s"):
            if self.ms and self.ms % _UNIT_MS[unit] == 0:
                return f"{self.ms // _UNIT_MS[unit]}{unit}"
        return f"{self.ms}ms"


def parse_duration(text: str, bare_unit: str = "m") -> Duration:
    """Read `30m`, `1h30m`, `90s`; a bare number counts in `bare_unit` (OpenClaw: minutes). Raises ValueError."""
    compact, position, total = text.strip().lower().replace(" ", ""), 0, 0.0
    while position < len(compact):
        match = _DURATION.match(compact, position)
        if match is None or (match.group(2) is None and match.group() != compact):
            raise ValueError(f"{text!r} is not a duration; write for example 30m, 1h30m, 90s or 7d")
        total += float(match.group(1)) * _UNIT_MS[match.group(2) or bare_unit]
        position = match.end()
    if not compact:
        raise ValueError("an empty text is not a duration; write for example 30m")
    if total > _MAX_MS:
        raise ValueError("a duration here is at most 10 years")
    return Duration(round(total))


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model answers first and which follow when it cannot. References are `provider/model` or an alias."""

    primary: str | None = None
    fallbacks: tuple[str, ...] = ()

    @property
    def candidates(self) -> tuple[str, ...]:
        """All references in order, without repeats."""
        return tuple(dict.fromkeys((*([self.primary] if self.primary else []), *self.fallbacks)))
