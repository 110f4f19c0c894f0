"""Slash commands: what a person types to steer the box instead of talking to a model.

A command is answered by the gateway at once, also while a run is busy; it takes no lane and no model.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from appliance.sessions.model import Inbound, Source


@dataclass(frozen=True, slots=True)
class Command:
    """One slash command. `run` gets the inbound and the rest of the line and returns what the person reads."""

    name: str
    description: str
    run: Callable[[Inbound, str], Awaitable[str]]
    aliases: tuple[str, ...] = ()
    arguments: str = ""


class CommandTable:
    """All commands by name and alias."""

    def __init__(self, commands: Iterable[Command] = ()) -> None:
        self._commands: list[Command] = []
        self._by_name: dict[str, Command] = {}
        self._heard: Callable[[Inbound], Command | None] = lambda _: None
        for command in commands:
            self.add(command)

    def add(self, command: Command) -> None:
        """Register a command. Raises ValueError when a name is taken."""
        for name in (command.name, *command.aliases):
            if name in self._by_name:
                raise ValueError(f"command /{name} is registered twice")
            self._by_name[name] = command
        self._commands.append(command)

    def hear(self, heard: Callable[[Inbound], Command | None]) -> None:
        """Ask `heard` about messages that are no slash command: some say one in plain words."""
        self._heard = heard

    def all(self) -> tuple[Command, ...]:
        return tuple(self._commands)

    def find(self, inbound: Inbound) -> Command | None:
        """Return the command that a message is, None for ordinary text and for unknown names."""
        if inbound.source is not Source.MESSAGE or inbound.origin.get("suppressCommandInterpretation"):
            return None
        return self._by_name.get(_split(inbound.text)[0]) or self._heard(inbound)

    async def answer(self, command: Command, inbound: Inbound) -> str:
        """Run a command and return its answer."""
        return await command.run(inbound, _split(inbound.text)[1])


def _split(text: str) -> tuple[str, str]:
    text = text.strip()
    if not text.startswith("/"):
        return "", ""
    name, *rest = text[1:].split(maxsplit=1) or [""]
    return name.lower().rstrip(":"), rest[0] if rest else ""
