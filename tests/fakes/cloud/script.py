"""What a fake model service is told to do, in words that no wire format owns."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Say:
    """Visible text, sent in pieces of `piece` characters."""

    text: str
    piece: int = 6

    @property
    def pieces(self) -> list[str]:
        return [self.text[at : at + self.piece] for at in range(0, len(self.text), self.piece)]


@dataclass(frozen=True)
class Think:
    """Text of the model's thinking."""

    text: str


@dataclass(frozen=True)
class Call:
    """A tool call; services that stream arguments send them in pieces."""

    name: str
    arguments: Mapping[str, Any]
    id: str = "call_1"


class Stop(enum.Enum):
    END = "end"
    LENGTH = "length"
    REFUSED = "refused"


@dataclass(frozen=True)
class Counts:
    """Tokens: `input` is the whole prompt, of which `cached` were read from and `written` put into the cache."""

    input: int = 20
    output: int = 7
    cached: int = 12
    written: int = 0


@dataclass(frozen=True)
class Answer:
    """An answer. With `stop` LENGTH a call at its end is cut off in the middle.

    `break_after` cuts the connection after so many events; `hold_after` stops sending there until the
    client leaves or `FakeCloud.release` is set; `usage` None sends no counts; `slice_bytes` cuts the stream into
    writes of that size.
    """

    items: tuple[Say | Think | Call, ...] = (Say("Hello there."),)
    stop: Stop = Stop.END
    usage: Counts | None = field(default_factory=Counts)
    break_after: int | None = None
    hold_after: int | None = None
    slice_bytes: int | None = None

    def cuts_off(self, item: Say | Think | Call) -> bool:
        """Tell whether the limit of tokens falls into this item."""
        return self.stop is Stop.LENGTH and isinstance(item, Call) and item is self.items[-1]


class FaultKind(enum.Enum):
    RATE_LIMIT = "rate_limit"
    OVERLOADED = "overloaded"
    SERVER = "server"
    AUTH = "auth"
    BILLING = "billing"
    CONTEXT_OVERFLOW = "context_overflow"
    REFUSED = "refused"
    INVALID = "invalid"
    NOT_FOUND = "not_found"


@dataclass(frozen=True)
class Fault:
    """A refusal instead of an answer; with `in_stream` it comes after a good beginning of the stream."""

    kind: FaultKind
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    in_stream: bool = False


@dataclass(frozen=True)
class Raw:
    """Bytes as they are: for what no honest service sends."""

    body: bytes
    status: int = 200
    content_type: str = "text/event-stream"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HangUp:
    """The connection is closed without a word."""


Step = Answer | Fault | Raw | HangUp
