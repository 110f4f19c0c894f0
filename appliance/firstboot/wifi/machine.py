"""What to do about the Wi-Fi, as a state machine: looks and wishes go in, acts come out. It takes the time it is.

A wrong password must not end in a box that nobody finds: whatever fails leads back to the network of the box itself,
and that one is closed now and then, so that a router that was merely off is found again. That it was told to open is no
proof that it did: it is looked at, and told again.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from appliance.firstboot.values import Wifi
from appliance.host.wifi.network_manager import ADDRESS, DISCONNECTED, NO_SECRETS, NOT_FOUND

FIRST_S: Final = 30.0
"""Without a network and without one to try; a cable has an address by then."""
KNOWN_S: Final = 150.0
"""With a network to try: routers start slower than boxes after a power cut."""
SETTLED_S: Final = 20.0
RADIO_S: Final = 60.0
JOIN_S: Final = 75.0
AGAIN_S: Final = 600.0
RETRY_S: Final = 90.0
LEAVE_S: Final = 120.0
SCAN_S: Final = 15.0
OPEN_AGAIN_S: Final = 15.0
"""The own network was refused, or fell: it is tried again, as often as it takes."""


class Phase(enum.StrEnum):
    """Where it stands."""

    WATCH = "watch"
    SETUP = "setup"
    JOINING = "joining"
    RETRY = "retry"
    ENDED = "ended"


class Result(enum.StrEnum):
    """How the last attempt went."""

    JOINED = "joined"
    WRONG_PASSWORD = "wrong_password"
    NOT_FOUND = "not_found"
    NO_ADDRESS = "no_address"
    FAILED = "failed"


class Act(enum.Enum):
    """What to do; none of them takes a parameter."""

    SCAN = "scan"
    OPEN = "open"
    CLOSE = "close"
    DROP = "drop"  # forget what was tried, back to what was known before
    END = "end"


@dataclass(frozen=True, slots=True)
class Try:
    """Join a network."""

    wifi: Wifi


Step: TypeAlias = Act | Try


@dataclass(frozen=True, slots=True)
class Seen:
    """One look. `online`: a device is up that is not our own network; `own`: that one is open, or about to be.

    `spare`: a second radio can join meanwhile; `joined`: the network that was asked for is up; `reason`: why a radio
    gave up since the last look.
    """

    online: bool = False
    own: bool = False
    radio: bool = True
    known: bool = False
    spare: bool = False
    joined: bool = False
    reason: int | None = None


def result_of(reason: int) -> Result:
    """Return what a reason of NetworkManager means to a person. A refused password has no other name there."""
    if reason in (NO_SECRETS, DISCONNECTED):
        return Result.WRONG_PASSWORD
    if reason == NOT_FOUND:
        return Result.NOT_FOUND
    return Result.NO_ADDRESS if reason in ADDRESS else Result.FAILED


class Machine:
    """The set-up of the Wi-Fi of one box, from `now` on."""

    def __init__(self, now: float) -> None:
        self.phase = Phase.WATCH
        self.result: Result | None = None
        self._began = now
        self._since = now
        self._online_since: float | None = None
        self._scanned: float | None = None
        self._missing: float | None = None  # since when the own network is not there although it should be
        self._wish: Wifi | None = None  # waits for a radio

    def step(self, seen: Seen, now: float, wish: Wifi | None = None) -> list[Step]:
        """Return what to do, in this order. The last wish counts, also while another one is tried."""
        self._online_since = (self._online_since if self._online_since is not None else now) if seen.online else None
        self._wish = wish or self._wish
        if self._wish is not None and seen.radio:
            return self._begin(seen, now, self._wish)
        match self.phase:
            case Phase.WATCH:
                return list(self._watch(seen, now))
            case Phase.SETUP:
                return list(self._set_up(seen, now))
            case Phase.JOINING:
                return list(self._join(seen, now))
            case Phase.RETRY:
                return list(self._retry(seen, now))
        return []

    def _go(self, phase: Phase, now: float) -> None:
        self.phase, self._since, self._missing = phase, now, None

    def _online_for(self, now: float) -> float:
        return now - self._online_since if self._online_since is not None else -1.0

    def _watch(self, seen: Seen, now: float) -> Iterator[Step]:
        waited = now - self._began
        if self._online_for(now) >= SETTLED_S or (not seen.radio and waited >= RADIO_S):
            yield from self._end(now)
            return
        if not seen.radio:
            return
        refused = seen.reason is not None and result_of(seen.reason) is Result.WRONG_PASSWORD
        if refused:
            self.result = Result.WRONG_PASSWORD
        if not seen.online and (refused or waited >= (KNOWN_S if seen.known else FIRST_S)):
            yield from self._open(now)
        elif self._scanned is None or now - self._scanned >= SCAN_S:
            self._scanned = now
            yield Act.SCAN  # once the own network is open, many radios hear nothing else

    def _end(self, now: float) -> Iterator[Step]:
        if self._wish is not None:
            self.result = Result.FAILED  # no radio came
        self._go(Phase.ENDED, now)
        yield Act.END

    def _open(self, now: float) -> Iterator[Step]:
        self._go(Phase.SETUP, now)
        yield Act.OPEN

    def _set_up(self, seen: Seen, now: float) -> Iterator[Step]:
        if self._online_for(now) >= LEAVE_S:
            yield Act.CLOSE
            yield from self._end(now)
        elif seen.known and not seen.spare and now - self._since >= AGAIN_S:
            self._go(Phase.RETRY, now)
            yield Act.CLOSE
        else:
            yield from self._open_again(seen, now)

    def _open_again(self, seen: Seen, now: float) -> Iterator[Step]:
        if seen.own or seen.online or not seen.radio:
            self._missing = None
        elif self._missing is None:
            self._missing = now
        elif now - self._missing >= OPEN_AGAIN_S:
            self._missing = now
            yield Act.OPEN

    def _begin(self, seen: Seen, now: float, wish: Wifi) -> list[Step]:
        before: list[Step] = []
        if self.phase is Phase.JOINING:
            before = [Act.DROP]
        elif self.phase is Phase.SETUP and not seen.spare:
            before = [Act.CLOSE]
        self._go(Phase.JOINING, now)
        self._wish = self.result = None
        return [*before, Try(wish)]

    def _join(self, seen: Seen, now: float) -> Iterator[Step]:
        if seen.joined:
            self.result = Result.JOINED
            self._began = now
            self._go(Phase.SETUP if seen.spare else Phase.WATCH, now)
            return
        late = now - self._since >= JOIN_S
        if seen.reason is None and not late:
            return
        self.result = result_of(seen.reason) if seen.reason is not None else Result.FAILED
        yield Act.DROP
        if seen.online:
            self._began = now
            self._go(Phase.WATCH, now)
        elif seen.spare:
            self._go(Phase.SETUP, now)
        else:
            yield from self._open(now)

    def _retry(self, seen: Seen, now: float) -> Iterator[Step]:
        if self._online_for(now) >= SETTLED_S:
            yield from self._end(now)
        elif now - self._since >= RETRY_S and not seen.online:
            yield from self._open(now)
