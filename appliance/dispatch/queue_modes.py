"""What happens to a message that arrives while its session is busy. Pure: time is an argument."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

# Even shortened messages take memory: past this many times the cap the sender is told to come back later.
_HARD_FACTOR = 5


class QueueMode(enum.StrEnum):
    """COLLECT: one later turn for all that waits. FOLLOWUP: one later turn each. STEER: into the running turn at
    its next tool boundary. INTERRUPT: end the running turn, then run."""

    COLLECT = "collect"
    FOLLOWUP = "followup"
    STEER = "steer"
    INTERRUPT = "interrupt"


class DropPolicy(enum.StrEnum):
    """What gives way at the cap: the OLD message, the NEW one (refused, so its sender knows), or the old one's
    length (SUMMARIZE: the model sees one line of it, the transcript all of it)."""

    OLD = "old"
    NEW = "new"
    SUMMARIZE = "summarize"


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """`debounce_ms` is the quiet time before waiting messages run; `cap` bounds how many wait in a session."""

    mode: QueueMode = QueueMode.COLLECT
    debounce_ms: int = 1000
    cap: int = 20
    drop: DropPolicy = DropPolicy.SUMMARIZE


class Arrival(enum.Enum):
    """What to do with a message that arrives."""

    RUN = enum.auto()  # nothing is going on: at once
    WAIT = enum.auto()
    STEER = enum.auto()
    INTERRUPT = enum.auto()
    REFUSE = enum.auto()


def arrive(settings: QueueSettings, *, busy: bool, waiting: int) -> Arrival:
    """Decide for one message. `waiting` counts what is queued already; overflow of other policies is `overflow`."""
    if not busy and not waiting:
        return Arrival.RUN
    if waiting >= settings.cap and settings.drop is DropPolicy.NEW:
        return Arrival.REFUSE
    if waiting >= settings.cap * _HARD_FACTOR:
        return Arrival.REFUSE
    if busy and settings.mode is QueueMode.INTERRUPT:
        return Arrival.INTERRUPT
    if busy and settings.mode is QueueMode.STEER:
        return Arrival.STEER
    return Arrival.WAIT


def overflow(settings: QueueSettings, waiting: int) -> int:
    """Return how many of the oldest waiting messages are over the cap."""
    return max(0, waiting - settings.cap)


def quiet_in_ms(settings: QueueSettings, last_arrival_ms: int, now_ms: int) -> int:
    """Return how long to wait until the session was quiet for the debounce time; never more than that time.

    A clock that jumped back must not hold a message for hours, hence the upper bound.
    """
    return min(max(0, last_arrival_ms + settings.debounce_ms - now_ms), settings.debounce_ms)


def batch_size(modes: Sequence[QueueMode]) -> int:
    """Return how many of the waiting messages (given by their modes, oldest first) make the next turn."""
    if not modes or modes[0] is not QueueMode.COLLECT:
        return min(len(modes), 1)
    size = 0
    while size < len(modes) and modes[size] is QueueMode.COLLECT:
        size += 1
    return size
