"""What a queue hands to a run, and the handle it keeps on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from appliance.agent.report import RunReporter
from appliance.sessions.model import Inbound


@dataclass(frozen=True, slots=True)
class Batch:
    """What makes one turn, oldest first. The first `shortened` of them are shown to the model in one line each."""

    inbounds: tuple[Inbound, ...]
    shortened: int = 0


@dataclass(slots=True, eq=False)
class RunControl:
    """The handle on a run that is waiting for its lane or running.

    `asked` is what its turn answers; `acted` says that a tool was called. `steering` waits for the next tool boundary;
    `folded` are the runs that were merged into this one there.
    """

    inbound: Inbound
    asked: tuple[Inbound, ...] = ()
    acted: bool = False
    steering: list[Inbound] = field(default_factory=list)
    abort_reason: str | None = None
    task: asyncio.Task[Any] | None = None
    reporter: RunReporter | None = None
    folded: list[str] = field(default_factory=list)
    began: bool = False
    ending: bool = False
    postponed: bool = False

    def aborted(self) -> str | None:
        """Return why the run was told to end, None while nobody told it."""
        return self.abort_reason

    def abort(self, reason: str) -> None:
        """End the run within one token; its end is told and stored by the run itself."""
        if self.abort_reason is None and self.task is not None and not self.ending:
            self.abort_reason = reason
            self.task.cancel()

    def postpone(self) -> None:
        """Let a run that has not begun wait on disk for the next start of the gateway."""
        if self.abort_reason is None and self.task is not None and not self.began:
            self.postponed = True
            self.task.cancel()
