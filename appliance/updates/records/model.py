"""The records as values. Moments are milliseconds since the epoch; JSON on the disk, one file each."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

import msgspec

from appliance.updates.channel.words import Words

Trigger = Literal["chat", "control-ui", "cli", "campaign", "mac-app", "api"]
"""Who wanted it, in the words of the protocol; `campaign` is the box itself in its window."""
RunId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Note = Annotated[str, msgspec.Meta(max_length=1024)]


class Action(enum.StrEnum):
    """What the service is started for. AUTO: look when it is time to, and install when that is allowed."""

    CHECK = "check"
    APPLY = "apply"
    ROLLBACK = "rollback"
    AUTO = "auto"


class Phase(enum.StrEnum):
    """What a run does, in the words of the protocol (UpdateRunRecord.phase)."""

    REQUESTED = "requested"
    STAGING = "staging"
    VALIDATING = "validating"
    ACTIVATING = "activating"
    RESTARTING = "restarting"
    VERIFYING = "verifying"
    FINISHED = "finished"


class Fault(msgspec.Struct, frozen=True):
    """Why something did not happen, and what to do."""

    code: str
    message: str
    fix: str = ""


class Request(msgspec.Struct, frozen=True):
    """What the service was started for (request.json), written by who starts it and taken by the service."""

    run_id: RunId
    trigger: Trigger = "api"
    note: Note = ""
    reboot: bool = True


class Offered(msgspec.Struct, frozen=True):
    """The newer version that the channel has. `why` is "" when it may be installed now, else what it waits for."""

    version: str
    notes: Words
    size: int
    why: str = ""
    until_ms: int | None = None
    announced: bool = False
    on_request: bool = True
    reason: str = ""


class ChannelState(msgspec.Struct, frozen=True):
    """What the box knows of its channel (channel.json). `sequences` is the highest number that was seen, by channel."""

    channel: str = "stable"
    sequences: dict[str, int] = {}
    checked_ms: int = 0
    good_ms: int = 0
    expires_ms: int = 0
    offered: Offered | None = None
    said: str = ""
    fault: Fault | None = None


class Hold(msgspec.Struct, frozen=True):
    """The owner said: not before then (hold.json)."""

    until_ms: int


class Status(msgspec.Struct, frozen=True):
    """What the service does now, or did last since the box started (status.json).

    `waits`: the version that an earlier run left for the next restart, which this one has not changed.
    """

    run_id: str
    action: Action
    phase: Phase
    began_ms: int
    updated_ms: int
    percent: int = 0
    message: str = ""
    origin: str = ""
    target: str = ""
    trigger: Trigger = "api"
    done: bool = False
    fault: Fault | None = None
    waits: str = ""

    @property
    def starts_next(self) -> str:
        """The version that lies in the other slot and waits for a restart, "" for none."""
        return self.target if self.phase is Phase.RESTARTING else self.waits


class Result(enum.StrEnum):
    """How a run ended, as root knows it; what the new version did then is in the records of the trial."""

    RUNNING = "running"
    INSTALLED = "installed"
    LEAVING = "leaving"
    """The earlier version was chosen for the next start."""
    FAILED = "failed"


class Receipt(msgspec.Struct, frozen=True):
    """One attempt to change the software of the box (receipts/ID.json)."""

    run_id: str
    action: Action
    began_ms: int
    origin: str
    result: Result = Result.RUNNING
    trigger: Trigger = "api"
    target: str = ""
    channel: str = ""
    ended_ms: int = 0
    note: str = ""
    fault: Fault | None = None
    retried: bool = False
