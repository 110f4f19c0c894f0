"""What happens when somebody writes to the assistant: the rules of pairing codes (behaviour.md, DM pairing). Pure."""

from __future__ import annotations

import enum
import secrets
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

CODE_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Upper case without 0, O, 1 and I: people read a code out to each other."""

CODE_CHARS: Final = 8
LIFE_MS: Final = 3_600_000
"""A code, and the messages that wait with it, live one hour."""

MAX_WAITING: Final = 3
"""Senders that may wait per account of a channel: a stranger costs the owner three lines at most."""

REMIND_MS: Final = 3_600_000
"""How often a waiting sender is told the code again."""

MAX_HELD: Final = 20
"""Messages that are kept for a sender who waits; older ones are forgotten."""

_BACK_MS: Final = 60_000


class Knock(msgspec.Struct, frozen=True):
    """A message of somebody. Only `sender_id` is vouched for, by the channel; the rest the sender wrote."""

    channel: str
    account_id: str
    sender_id: str
    sender_label: str = ""
    message_id: str = ""
    metadata: dict[str, str] = {}

    @property
    def account(self) -> tuple[str, str]:
        return self.channel, self.account_id


class SenderRequest(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A sender who waits. `held`: ids of messages that are not processed yet, oldest first. Times in ms since epoch."""

    request_id: str
    code: str
    channel: str
    account_id: str
    sender_id: str
    sender_label: str
    created_ms: int
    seen_ms: int
    told_ms: int
    held: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    dismissed: bool = False

    @property
    def expires_ms(self) -> int:
        return self.created_ms + LIFE_MS

    def alive(self, now_ms: int) -> bool:
        """Tell whether its hour is not over. A clock set back by more than a minute ends it as well."""
        return self.created_ms - _BACK_MS <= now_ms < self.expires_ms

    def waits(self, now_ms: int) -> bool:
        return self.alive(now_ms) and not self.dismissed


class Answer(enum.Enum):
    """What a channel does with a message."""

    PROCESS = enum.auto()
    """The sender is let in."""
    TELL_CODE = enum.auto()
    """Hold it, and tell the sender the code."""
    HOLD = enum.auto()
    """Hold it without a word: the sender knows the code."""
    DROP = enum.auto()
    """Forget it without a word: too many wait, or the owner turned the sender away."""


def heard(knock: Knock, before: SenderRequest, now_ms: int) -> tuple[Answer, SenderRequest]:
    """Return what to do with another message of a sender who waits, and the request as it is then."""
    if before.dismissed:
        return Answer.DROP, before
    held = (*before.held, knock.message_id)[-MAX_HELD:] if knock.message_id else before.held
    remind = not 0 <= now_ms - before.told_ms < REMIND_MS
    changed = msgspec.structs.replace(
        before,
        held=held,
        seen_ms=now_ms,
        told_ms=now_ms if remind else before.told_ms,
        sender_label=knock.sender_label or before.sender_label,
    )
    return (Answer.TELL_CODE if remind else Answer.HOLD), changed


def asked(knock: Knock, request_id: str, code: str, now_ms: int) -> SenderRequest:
    """Return the request of a sender who was never heard of."""
    return SenderRequest(
        request_id,
        code,
        knock.channel,
        knock.account_id,
        knock.sender_id,
        knock.sender_label,
        now_ms,
        now_ms,
        now_ms,
        (knock.message_id,) if knock.message_id else (),
        knock.metadata,
    )


def new_code(taken: Sequence[str], draw: Callable[[str], str] = secrets.choice) -> str:
    """Return a code that no other waiting sender has."""
    while True:
        code = "".join(draw(CODE_ALPHABET) for _ in range(CODE_CHARS))
        if code not in taken:
            return code


def same_code(code: str, typed: str) -> bool:
    """Tell whether `typed` is the code, however it was typed: small letters, spaces, a dash in the middle."""
    return code == "".join(char for char in typed.upper() if char.isalnum())
