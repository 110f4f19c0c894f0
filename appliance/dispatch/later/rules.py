"""What may be kept, and how much: pure decisions."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from appliance.generation import EMBEDDED_PROVIDER, FailureKind, ModelError
from appliance.sessions.model import Inbound, Source

MAX_PER_SESSION = 20
MAX_KEPT = 200
MAX_AGE_S = 24 * 3600.0
_SHOWN_CHARACTERS = 160
# These run inside this box; a service of the owner's that listens on loopback is reached like any other.
_INSIDE = frozenset({EMBEDDED_PROVIDER, "local"})
_OTHER_BOX = "remote-"  # providers.remote: another box of the owner's is no way out


class Verdict(enum.Enum):
    """What becomes of a question that nobody answered."""

    LEAVE = enum.auto()  # nothing to wait for, or nobody who waits
    FORBIDDEN = enum.auto()  # the owner wants no connection
    SESSION_FULL = enum.auto()
    FULL = enum.auto()
    KEEP = enum.auto()


@dataclass(frozen=True, slots=True)
class Held:
    """How much is kept already: in this conversation and in all."""

    here: int
    everywhere: int


def unreached(attempts: Iterable[tuple[str, ModelError]]) -> tuple[str, ...]:
    """Return the models outside that could not be reached, each once, in the order in which they were asked."""
    away = (ref for ref, error in attempts if error.kind is FailureKind.NETWORK and _outside(ref))
    return tuple(dict.fromkeys(away))


def verdict(asked: Sequence[Inbound], attempts: Sequence[tuple[str, ModelError]], held: Held) -> Verdict:
    """Decide about a question that was `asked` and got no answer. A program gets its error and asks again itself."""
    if not all(_a_person_waits(one) for one in asked):
        return Verdict.LEAVE
    if any(error.kind is FailureKind.OFFLINE and _outside(ref) for ref, error in attempts):
        return Verdict.FORBIDDEN
    if not unreached(attempts):
        return Verdict.LEAVE
    if held.here >= MAX_PER_SESSION:
        return Verdict.SESSION_FULL
    return Verdict.FULL if held.everywhere >= MAX_KEPT else Verdict.KEEP


def shown(text: str) -> str:
    """Return a question as a part of a line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[: _SHOWN_CHARACTERS - 1] + "…"


def _a_person_waits(inbound: Inbound) -> bool:
    from_a_program = inbound.origin.get("client") == "http"
    return inbound.source is Source.MESSAGE and inbound.lane == "main" and not from_a_program


def _outside(ref: str) -> bool:
    provider = ref.partition("/")[0]
    return provider not in _INSIDE and not provider.startswith(_OTHER_BOX)


# "forget it", said of what is kept; letters and blanks only, in small letters.
_FORGET = frozenset(
    (
        "forget it",
        "forget about it",
        "never mind",
        "vergiss es",
        "vergiss das",
        "egal",
        "schon gut",
        "oublie",
        "oublie ça",
        "laisse tomber",
        "tant pis",
    )
)


def forgets(text: str) -> bool:
    """Tell whether a message takes back a question that is kept."""
    return len(text) < 40 and "".join(c for c in text.lower() if c.isalpha() or c == " ").strip() in _FORGET
