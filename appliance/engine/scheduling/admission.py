"""Who is let in next, whether it fits, and who gives way. Pure decisions over a few numbers of each request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

ROOM_TOKENS = 64  # of answer that must fit before a request is let in beside others


class Applicant(Protocol):
    """What admission needs to know of a request."""

    number: int
    round: int
    limit: int
    tokens: list[int]

    @property
    def background(self) -> bool: ...

    @property
    def priority(self) -> int: ...

    @property
    def session(self) -> str: ...

    @property
    def computed(self) -> int: ...


_A = TypeVar("_A", bound=Applicant)


class Line:
    """Gives requests their turn: sessions take turns, whoever sends ten at once gets one in ten rounds.

    A new request is in the round after the newest one of its session, but never in one that is over. Who waits keeps
    its round, so nobody is overtaken for ever.
    """

    def __init__(self) -> None:
        self._now = 0
        self._last: dict[str, int] = {}

    def stamp(self, session: str) -> int:
        """Return the round of a new request; "" is a session that has no other one, and is not remembered."""
        if not session:
            return self._now
        turn = max(self._now, self._last.get(session, -1) + 1)
        self._last[session] = turn
        return turn

    def serve(self, turn: int) -> None:
        """Hear that a request of this round was let in; rounds before it are over."""
        self._now = max(self._now, turn)
        self._last = {session: last for session, last in self._last.items() if last >= self._now}


def order(applicant: Applicant) -> tuple[bool, int, int, int]:
    """Return the sort key of a request: persons first, then priority, then rounds, then arrival."""
    return applicant.background, -applicant.priority, applicant.round, applicant.number


def fits(applicant: Applicant, active: Iterable[Applicant], *, cells: int, held: int, shared: int) -> bool:
    """Return whether the prompt and some answer fit beside those who are active.

    `held`: cells that running requests hold, shared ones counted once; `shared`: of those, cells that the prompt
    begins with. Each active request keeps its claim to the rest of its prompt and some answer.
    """
    promised = sum(_claim(other) - other.computed for other in active)
    return held + promised + _claim(applicant) - shared <= cells


def _claim(applicant: Applicant) -> int:
    return max(min(applicant.limit, len(applicant.tokens) + ROOM_TOKENS), len(applicant.tokens))


def yielding(active: Sequence[_A], waiting: Sequence[Applicant]) -> list[_A]:
    """Return the background requests that must step back now: all, as soon as a person is served or waits."""
    behind = [job for job in active if job.background]
    if not behind:
        return []
    persons = len(behind) < len(active) or any(not job.background for job in waiting)
    return behind if persons else []


def victim(active: Sequence[_A]) -> _A:
    """Return who gives its cells back when they run out: the last in order."""
    return max(active, key=order)
