"""Questions to a person at this machine: each is a file in a folder, answered by renaming it.

No socket and no daemon: whoever may write to the folder (mode 0700) is the owner of the node.
"""

from __future__ import annotations

import enum
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.nodehost.allow import Program, private_folder

MAX_WAITING: Final = 8
KEPT_S: Final = 600.0
"""A question outlasts who asked it: the tool of an agent waits for seconds, a person may need minutes."""

_POLL_S: Final = 0.25
_ID: Final = re.compile(r"[0-9a-f]{32}\Z")
_ASKED: Final = ".json"


class ApprovalError(ApplianceError):
    """Nothing waits under this id, or too much waits."""

    code = "node_approval"


class Answer(enum.StrEnum):
    """What the person said; ALWAYS also puts the program on the list."""

    ONCE = "once"
    ALWAYS = "always"
    DENY = "deny"


class Question(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A command line that waits, with what changes its meaning, and until when (milliseconds since the epoch)."""

    id: str
    program: str
    argv: tuple[str, ...]
    expires_at_ms: int
    cwd: str | None = None
    env: dict[str, str] = {}

    @property
    def text(self) -> str:
        """What a person reads. As JSON: a command line may hold escape sequences that rewrite a terminal."""
        words = json.dumps([self.program, *self.argv], ensure_ascii=True)
        where = f" in {json.dumps(self.cwd, ensure_ascii=True)}" if self.cwd is not None else ""
        given = f" with {json.dumps(self.env, ensure_ascii=True)}" if self.env else ""
        return f"{words}{where}{given}"


def question(program: Program, cwd: str | None, env: Mapping[str, str], expires_at_ms: int) -> Question:
    """Return the question about a command line: asked again it has the same id, so that its answer is found."""
    text = json.dumps([program.path, program.argv, cwd, dict(env)], sort_keys=True)
    named = hashlib.sha256(text.encode()).hexdigest()[:32]
    return Question(named, program.path, program.argv, expires_at_ms, cwd, dict(env))


@dataclass(frozen=True, slots=True)
class Approvals:
    """The folder of one node."""

    folder: Path
    clock: Clock

    async def ask(self, program: Program, cwd: str | None, env: Mapping[str, str], patience_s: float) -> Answer | str:
        """Wait `patience_s` for a person. Without an answer return the id of the question, which goes on waiting.

        Each answer serves one who asks the same. Raises ApprovalError when too many questions wait.
        """
        until = self.clock.monotonic() + patience_s
        asked = question(program, cwd, env, self.clock.now_ms() + round(KEPT_S * 1000))
        while (answer := self._take(asked.id)) is None:
            if not any(one.id == asked.id for one in self.waiting()):
                self._put(asked)
            if self.clock.monotonic() >= until:
                return asked.id
            await self.clock.sleep(_POLL_S)
        return answer

    def waiting(self) -> Iterator[Question]:
        """Yield what waits; what expired is removed."""
        for path in sorted(self.folder.glob("*")) if self.folder.is_dir() else ():
            found = self._read(path)
            if found is not None and path.suffix == _ASKED:
                yield found

    def answer(self, prefix: str, answer: Answer) -> Question:
        """Answer the one question whose id begins with `prefix`. Raises ApprovalError."""
        found = [one for one in self.waiting() if one.id.startswith(prefix) and _ID.match(one.id)]
        if len(found) != 1:
            what = "several command lines wait" if found else "nothing waits"
            raise ApprovalError(f"{what} under {prefix or 'that'}; see `homarus node approvals`.")
        path = self.folder / f"{found[0].id}{_ASKED}"
        path.rename(path.with_suffix(f".{answer}"))
        return found[0]

    def _put(self, asked: Question) -> None:
        if sum(1 for _ in self.waiting()) >= MAX_WAITING:
            raise ApprovalError(f"{MAX_WAITING} command lines wait for approval on this node already.")
        private_folder(self.folder)
        write_atomic(self.folder / f"{asked.id}{_ASKED}", msgspec.json.encode(asked))

    def _take(self, question_id: str) -> Answer | None:
        """Return the answer to a question and forget both; of two who ask the same only one gets it."""
        for answer in Answer:
            path = self.folder / f"{question_id}.{answer}"
            if self._read(path) is None:
                continue
            try:
                path.unlink()
            except FileNotFoundError:
                continue
            path.with_suffix(_ASKED).unlink(missing_ok=True)  # asked again in the moment of the answer
            return answer
        return None

    def _read(self, path: Path) -> Question | None:
        """Return a question that has not expired; one that has is removed."""
        try:
            found = msgspec.json.decode(path.read_bytes(), type=Question)
        except (OSError, msgspec.MsgspecError):
            return None
        if found.expires_at_ms >= self.clock.now_ms():
            return found
        path.unlink(missing_ok=True)
        return None
