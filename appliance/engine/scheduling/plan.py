"""What the next step holds: the newest token of each answer, and some tokens of prompts that are being read. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar


class Member(Protocol):
    """What a plan needs to know of a request that is being served."""

    last_read: int

    @property
    def generating(self) -> bool: ...

    @property
    def unread(self) -> int: ...

    @property
    def priority(self) -> int: ...


_M = TypeVar("_M", bound=Member)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Tokens of prompts in one step: with nobody else, beside answers that are being written; and of all."""

    alone: int
    shared: int
    batch: int


def turns(members: Sequence[_M], sizes: Sizes) -> tuple[list[tuple[_M, int]], int]:
    """Return who takes part with how many tokens, and how many of them write: all who do, before one chunk of readers.

    Who reads goes by priority and then in turn, so that a short prompt does not wait until a long one was read;
    what a short one leaves of the chunk goes to the next.
    """
    parts = [(member, 1) for member in members if member.generating]
    writers = len(parts)
    if writers == len(members):
        return parts, writers
    room = min(sizes.shared if parts else sizes.alone, sizes.batch - writers)
    readers = [member for member in members if not member.generating]
    for reader in sorted(readers, key=lambda member: (-member.priority, member.last_read)):
        if room <= 0:
            break
        count = min(room, reader.unread)
        parts.append((reader, count))
        room -= count
    return parts, writers
