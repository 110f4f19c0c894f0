"""commands.list: the slash commands of this box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from appliance.dispatch.commands import Command
from appliance.gateway.method import Call, Method
from appliance.gateway.methods.seams import Dispatching
from appliance.protocol.methods.base import UNSET
from appliance.protocol.methods.commands import (
    CommandArg,
    CommandEntry,
    CommandsListParams,
    CommandsListResult,
)

MAX_COMMANDS = 500  # the published schema allows no more
_CATEGORIES: dict[str, Literal["session", "options", "status"]] = {
    "new": "session",
    "stop": "session",
    "model": "options",
    "queue": "options",
    "status": "status",
    "context": "status",
    "help": "status",
}


def command_entries(
    commands: Sequence[Command], scope: Literal["text", "native", "both"], *, include_args: bool
) -> list[CommandEntry]:
    """Return the commands as clients read them; in the scope `native` only those with a native name."""
    return [_entry(command, scope, include_args) for command in commands[:MAX_COMMANDS]]


def _entry(command: Command, scope: str, include_args: bool) -> CommandEntry:
    names = [f"/{name}" for name in (command.name, *command.aliases)]
    args = [CommandArg(name="value", description=command.arguments.strip("[]"), required=False)]
    return CommandEntry(
        name=command.name,
        native_name=command.name,
        text_aliases=names[:20] if scope != "native" else UNSET,
        description=command.description,
        category=_CATEGORIES.get(command.name, "management"),
        scope="both",
        accepts_args=bool(command.arguments),
        args=args if include_args and command.arguments else UNSET,
    )


def methods(*, dispatcher: Dispatching) -> tuple[Method, ...]:
    """Return commands.list, bound to the commands of the dispatcher."""

    def list_(_: Call, params: CommandsListParams) -> CommandsListResult:
        entries = command_entries(dispatcher.commands(), params.scope, include_args=params.include_args)
        return CommandsListResult(commands=entries)

    return (Method("commands.list", "operator.read", CommandsListParams, list_, result=CommandsListResult),)
