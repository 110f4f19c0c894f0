"""A command of a node as a value, and how it fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from appliance.foundation.errors import ApplianceError


class CommandError(ApplianceError):
    """A command could not be done; `wire_code` goes back to the gateway (protocol.md 9)."""

    code = "node_command"

    def __init__(self, wire_code: str, message: str) -> None:
        super().__init__(message)
        self.wire_code = wire_code


@dataclass(frozen=True, slots=True)
class Asked:
    """One invocation: its id, its parameters, how long the gateway waits (seconds), and a way to send words of it.

    A command that must not be done twice calls `begins` right before it changes something.
    """

    invoke_id: str
    params: Mapping[str, Any]
    timeout_s: float
    progress: Callable[[str], Awaitable[None]]
    begins: Callable[[], None] = lambda: None

    def text(self, name: str, default: str | None = None, *, limit: int = 4096) -> str:
        """Return a text parameter. Raises CommandError when it is missing, no text or too long."""
        value = self.params.get(name, default)
        if not isinstance(value, str) or len(value) > limit:
            raise CommandError("INVALID_REQUEST", f"{name} must be a text of at most {limit} characters")
        return value

    def texts(self, name: str, *, limit: int, each: int = 4096) -> tuple[str, ...]:
        """Return a list of texts. Raises CommandError."""
        value = self.params.get(name)
        if (
            not isinstance(value, list)
            or len(value) > limit
            or not all(isinstance(one, str) and len(one) <= each and "\0" not in one for one in value)
        ):
            raise CommandError("INVALID_REQUEST", f"{name} must be a list of at most {limit} texts")
        return tuple(value)


Run: TypeAlias = Callable[[Asked], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Command:
    """One command that this machine offers. `cap` is the ability that is declared with it."""

    name: str
    cap: str
    run: Run
