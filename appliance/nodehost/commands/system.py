"""system.which, system.run and system.run.prepare: programs of this machine, behind its own list.

A command line is a list of words and never a text for a shell: nothing in a word can become a second command.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from appliance.nodehost import running
from appliance.nodehost.allow import AllowError, Program, find
from appliance.nodehost.approvals import KEPT_S, Answer, ApprovalError
from appliance.nodehost.commands import Machine
from appliance.nodehost.model import Asked, Command, CommandError

_MAX_BINS: Final = 64
_MAX_WORDS: Final = 256
_MAX_ENV: Final = 64
_MAX_TIMEOUT_S: Final = 3600.0
_PLAIN: Final = frozenset({"LANG", "LANGUAGE", "TZ", "TERM", "COLORTERM", "NO_COLOR", "FORCE_COLOR"})
"""Variables that change how a program writes, and not what it does."""

_MARGIN_S: Final = 1.0
"""The answer must be there before the gateway stops waiting."""


def commands(machine: Machine) -> Sequence[Command]:
    """Return the three commands."""
    host = _Programs(machine)
    return (
        Command("system.which", "system", host.which),
        Command("system.run.prepare", "system", host.prepare),
        Command("system.run", "system", host.run),
    )


class _Programs:
    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    async def which(self, asked: Asked) -> dict[str, Any]:
        """Tell where programs are; only names, so that no path of this machine can be probed."""
        found = {}
        for name in asked.texts("bins", limit=_MAX_BINS, each=128):
            program = find([name], self._machine.environ) if "/" not in name else None
            if program is not None:
                found[name] = program.path
        return {"bins": found}

    async def prepare(self, asked: Asked) -> dict[str, Any]:
        """Tell what would run, and whether somebody would be asked."""
        argv, cwd = _command_line(asked.params)
        program = self._find(argv)
        plan = {"argv": list(argv), "cwd": cwd, "commandText": program.text, "resolvedPath": program.path}
        allowed = self._allows(program, _environment(asked.params))
        return {"plan": plan, "execPolicy": {"security": "allowlist", "ask": "off" if allowed else "on-miss"}}

    async def run(self, asked: Asked) -> dict[str, Any]:
        """Run a command line that the list, or a person here, allows."""
        argv, cwd = _command_line(asked.params)
        program = self._find(argv)
        began, given = self._machine.clock.monotonic(), _environment(asked.params)
        await self._permit(program, cwd, given, asked)
        asked.begins()
        left = max(_MARGIN_S, asked.timeout_s - (self._machine.clock.monotonic() - began) - _MARGIN_S)
        env = running.environment(self._machine.environ, given)
        try:
            outcome = await running.run(
                (program.path, *program.argv),
                cwd=cwd,
                env=env,
                timeout_s=min(left, _wanted_s(asked)),
                told=asked.progress,
            )
        except OSError as error:
            what = (
                f"folder {cwd}" if isinstance(error, NotADirectoryError | FileNotFoundError) and cwd else program.path
            )
            raise CommandError("UNAVAILABLE", f"{what}: {os.strerror(error.errno or 0)}") from error
        return {
            "exitCode": outcome.exit_code,
            "timedOut": outcome.timed_out,
            "success": outcome.exit_code == 0,
            "stdout": outcome.stdout,
            "stderr": outcome.stderr,
            "error": "it took too long and was ended" if outcome.timed_out else None,
        }

    def _find(self, argv: Sequence[str]) -> Program:
        program = find(argv, self._machine.environ)
        if program is None:
            raise CommandError("NOT_FOUND", f"no program {argv[0]!r} on this node")
        return program

    def _allows(self, program: Program, env: Mapping[str, str]) -> bool:
        try:
            return self._machine.allow.allows(program, plain=not _telling(env))
        except AllowError as error:
            raise CommandError("SYSTEM_RUN_DENIED", str(error)) from error

    async def _permit(self, program: Program, cwd: str | None, env: Mapping[str, str], asked: Asked) -> None:
        """Return when it may run. Raises CommandError when it may not, or not yet."""
        if self._allows(program, env):
            return
        if self._machine.allow.read().policy == "deny":
            if self._allows(program, {}):
                raise CommandError("SYSTEM_RUN_DENIED", f"no list allows these variables: {', '.join(_telling(env))}")
            raise CommandError(
                "SYSTEM_RUN_DENIED", f"not on the list of this node. There: homarus node allow {program.path}"
            )
        try:
            answer = await self._machine.approvals.ask(program, cwd, env, asked.timeout_s / 2)
        except ApprovalError as error:
            raise CommandError("SYSTEM_RUN_DENIED", f"{error} There: homarus node approvals") from error
        if answer is Answer.DENY:
            raise CommandError("SYSTEM_RUN_DENIED", "somebody at the node said no")
        if not isinstance(answer, Answer):
            raise CommandError(
                "APPROVAL_PENDING",
                f"nothing ran yet: it waits for somebody at the node. There: homarus node approve {answer[:8]}. "
                f"Ask for the same again after that; the question stays for {KEPT_S / 60:g} minutes",
            )


def _command_line(params: Mapping[str, Any]) -> tuple[tuple[str, ...], str | None]:
    """Return the words and the folder: of `systemRunPlan`, which system.run.prepare made, else of the call itself."""
    plan = params.get("systemRunPlan")
    source: Mapping[str, Any] = plan if isinstance(plan, Mapping) else params
    words = source.get("argv", source.get("command"))
    if not isinstance(words, list) or not 0 < len(words) <= _MAX_WORDS:
        raise CommandError(
            "INVALID_REQUEST", f"command must be a list of 1 to {_MAX_WORDS} words; there is no shell here"
        )
    if not all(isinstance(word, str) and "\0" not in word for word in words) or not words[0]:
        raise CommandError("INVALID_REQUEST", "command must be a list of texts")
    cwd = source.get("cwd")
    if cwd is not None and not (isinstance(cwd, str) and cwd.startswith("/") and "\0" not in cwd):
        raise CommandError("INVALID_REQUEST", "cwd must be an absolute path")
    return tuple(words), cwd


def _environment(params: Mapping[str, Any]) -> dict[str, str]:
    env = params.get("env") or {}
    if not isinstance(env, Mapping) or len(env) > _MAX_ENV:
        raise CommandError("INVALID_REQUEST", f"env must be at most {_MAX_ENV} variables")
    if not all(isinstance(value, str) and "\0" not in name + value and "=" not in name for name, value in env.items()):
        raise CommandError("INVALID_REQUEST", "env must map names to texts")
    return dict(env)


def _telling(env: Mapping[str, str]) -> list[str]:
    """Return the variables of a caller that may change what a program does."""
    return [name for name in env if name not in _PLAIN and not name.startswith("LC_")]


def _wanted_s(asked: Asked) -> float:
    wanted = asked.params.get("timeoutMs")
    return min(_MAX_TIMEOUT_S, wanted / 1000) if isinstance(wanted, int) and wanted > 0 else _MAX_TIMEOUT_S
