"""Values of an invoke."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

DEFAULT_TIMEOUT_MS: Final = 30_000
MAX_TIMEOUT_MS: Final = 3_600_000
"""An invoke always ends: whatever is asked for, an hour is the most that it waits."""

Progress = Callable[[int, str], None]
"""Hears the pieces of output of a command that is running: number and text, in order, none twice."""


@dataclass(frozen=True, slots=True)
class Invoke:
    """One wish. The same `actor`, `node_id` and `key` is the same wish: it is carried out once."""

    node_id: str
    command: str
    actor: str
    key: str
    params: Any = None
    timeout_ms: int = DEFAULT_TIMEOUT_MS


@dataclass(frozen=True, slots=True)
class Answer:
    """What the node said, as JSON bytes; `text` is the same as it came when it came as text."""

    payload: msgspec.Raw
    text: str | None = None

    @property
    def size(self) -> int:
        return len(self.payload) + len(self.text or "")

    def value(self) -> Any:
        """Return the payload as Python values."""
        return msgspec.json.decode(self.payload)
