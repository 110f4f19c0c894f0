"""What this machine lets its gateway run: a list that only somebody at this machine can change.

`allow.json` holds programs by their real path, or whole command lines. What is not on the list waits for a person here
(`homarus node approve`), or is refused: a gateway that was taken over must not own its nodes.
"""

from __future__ import annotations

import enum
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from appliance.foundation.atomicfile import write_atomic
from appliance.foundation.errors import ApplianceError

_MAX_RULES: Final = 1000
_MAX_BYTES: Final = 1024 * 1024


class AllowError(ApplianceError):
    """The list cannot be read or changed."""

    code = "node_allow"


class Policy(enum.StrEnum):
    """What happens to a program that is not on the list."""

    DENY = "deny"
    ASK = "ask"
    FULL = "full"


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """One program that may run; with `argv` only with exactly these arguments."""

    program: str
    argv: tuple[str, ...] | None = None

    def covers(self, program: str, argv: Sequence[str]) -> bool:
        """Tell whether it allows `program` (a real path) with the arguments behind its name."""
        return program == self.program and (self.argv is None or self.argv == tuple(argv))


class AllowFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """The file: a policy for what no rule covers, and the rules."""

    policy: Policy = Policy.ASK
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A command line with its program found: `path` without links, so that a link cannot change what was allowed."""

    path: str
    argv: tuple[str, ...]

    @property
    def text(self) -> str:
        """The command line as it is shown to a person: unambiguous, whatever stands in it."""
        return json.dumps([self.path, *self.argv], ensure_ascii=True)


def find(argv: Sequence[str], environ: Mapping[str, str]) -> Program | None:
    """Return the program of a command line, None when there is none that can be executed."""
    if not argv or not argv[0]:
        return None
    found = shutil.which(argv[0], path=environ.get("PATH", os.defpath))
    return Program(os.path.realpath(found), tuple(argv[1:])) if found else None


def private_folder(folder: Path) -> None:
    """Make a folder for its owner alone; the state directory around it as well, where this is its first file."""
    for one in (folder.parent, folder):
        one.mkdir(mode=0o700, parents=True, exist_ok=True)


class AllowList:
    """Reads the file anew for each question: what a person changes here counts at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> AllowFile:
        """Return the list. Raises AllowError; a damaged list allows nothing."""
        try:
            with self._path.open("rb") as file:
                return msgspec.json.decode(file.read(_MAX_BYTES), type=AllowFile)
        except FileNotFoundError:
            return AllowFile()
        except (OSError, msgspec.MsgspecError) as error:
            raise AllowError(
                f"{self._path} cannot be used ({error}); mend or remove it. Until then nothing runs."
            ) from error

    def allows(self, program: Program, *, plain: bool = True) -> bool:
        """Tell whether it may run without a question; not `plain`: with variables that may change what it does."""
        listed = self.read()
        if listed.policy is Policy.FULL:
            return True
        # GIT_SSH_COMMAND or PAGER would make of an allowed program any program.
        return plain and any(rule.covers(program.path, program.argv) for rule in listed.rules)

    def add(self, rule: Rule) -> None:
        """Allow a program. Raises AllowError when the list is full."""
        listed = self.read()
        if rule in listed.rules:
            return
        if len(listed.rules) >= _MAX_RULES:
            raise AllowError(f"{self._path} already has {_MAX_RULES} rules; remove some.")
        self._write(AllowFile(listed.policy, (*listed.rules, rule)))

    def remove(self, program: str) -> bool:
        """Take every rule of a program away; False when there was none."""
        listed = self.read()
        kept = tuple(rule for rule in listed.rules if rule.program != program)
        if kept == listed.rules:
            return False
        self._write(AllowFile(listed.policy, kept))
        return True

    def set_policy(self, policy: Policy) -> None:
        """Say what happens to programs that no rule covers."""
        self._write(AllowFile(policy, self.read().rules))

    def _write(self, listed: AllowFile) -> None:
        private_folder(self._path.parent)
        write_atomic(self._path, msgspec.json.format(msgspec.json.encode(listed)))
