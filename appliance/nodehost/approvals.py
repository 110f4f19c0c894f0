"""Questions to a person at this machine: each is a file in a folder, answered by renaming it.

No socket and no daemon: whoever may write to the folder (mode 0700) is the owner of the node.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.nodehost.allow import Program

MAX_WAITING: Final = 8
_POLL_S: Final = 0.25
_ID: Final = re.compile(r"[0-9a-f-]{8,64}\Z")
_ASKED: Final = ".json"


class ApprovalError(ApplianceError):
    """Nothing waits under this id, or too much waits."""

    code = "node_approval"


class Answer(enum.StrEnum):
    """What the person said; ALWAYS also puts the program on the list."""

    ONCE = "once"
    ALWAYS = "always"
    DENY = "deny"


class Question(msgspec.Struct, frozen=True, rename="camel"):
    """A command line that waits, and until when (milliseconds since the epoch)."""

    id: str
    program: str
    argv: tuple[str, ...]
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class Approvals:
    """The folder of one node."""

    folder: Path
    clock: Clock

    async def ask(self, question_id: str, program: Program, timeout_s: float) -> Answer:
        """Wait for a person. No answer in time is a no. Raises ApprovalError when too many wait."""
        if sum(1 for _ in self.waiting()) >= MAX_WAITING:
            raise ApprovalError(f"{MAX_WAITING} command lines wait for approval on this node already.")
        until = self.clock.monotonic() + timeout_s
        expires = self.clock.now_ms() + round(timeout_s * 1000)
        asked = self.folder / f"{question_id}{_ASKED}"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(asked, msgspec.json.encode(Question(question_id, program.path, program.argv, expires)))
        try:
            while self.clock.monotonic() < until:
                for answer in Answer:
                    if (self.folder / f"{question_id}.{answer}").exists():
                        return answer
                await self.clock.sleep(_POLL_S)
        finally:
            for path in self.folder.glob(f"{question_id}.*"):
                path.unlink(missing_ok=True)
        return Answer.DENY

    def waiting(self) -> Iterator[Question]:
        """Yield what waits; what expired while no node ran is removed."""
        for path in sorted(self.folder.glob(f"*{_ASKED}")) if self.folder.is_dir() else ():
            try:
                question = msgspec.json.decode(path.read_bytes(), type=Question)
            except (OSError, msgspec.MsgspecError):
                continue
            if question.expires_at_ms < self.clock.now_ms():
                path.unlink(missing_ok=True)
            else:
                yield question

    def answer(self, prefix: str, answer: Answer) -> Question:
        """Answer the one question whose id begins with `prefix`. Raises ApprovalError."""
        found = [one for one in self.waiting() if one.id.startswith(prefix) and _ID.match(one.id)]
        if len(found) != 1:
            what = "several command lines wait" if found else "nothing waits"
            raise ApprovalError(f"{what} under {prefix or 'that'}; see `homarus node approvals`.")
        path = self.folder / f"{found[0].id}{_ASKED}"
        path.rename(path.with_suffix(f".{answer}"))
        return found[0]
