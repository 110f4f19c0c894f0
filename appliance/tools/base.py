"""What a tool is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from appliance.foundation.errors import ApplianceError
from appliance.generation import Effect, ToolSpec
from appliance.messages import JsonObject
from appliance.tools.arguments import decode_arguments, schema_of
from appliance.tools.speech import Speech, speech

A = TypeVar("A", bound=msgspec.Struct)
A_contra = TypeVar("A_contra", bound=msgspec.Struct, contravariant=True)


@dataclass(frozen=True, slots=True)
class ToolContext:
    """For whom and when a tool runs. `call_id` is stable when a call is tried again: a write is done once for it."""

    session_key: str
    agent_id: str
    run_id: str
    call_id: str
    now_ms: int
    zone: ZoneInfo
    locale: str = "en"

    @property
    def speech(self) -> Speech:
        """Return what to answer with: the language in which the person asked."""
        return speech(self.locale)


@dataclass(frozen=True, slots=True)
class Inverse:
    """How a change is taken back: `kind` names who can do it (`tools.undo.Undoer`), `data` is JSON for him."""

    kind: str
    data: Any


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a tool answers. `text` is a short sentence that can be the whole reply; `data` is JSON for programs.

    A tool that changed something says in `inverse` how to take it back.
    """

    text: str
    data: Any = None
    is_error: bool = False
    inverse: Inverse | None = None


class ToolRefusedError(ApplianceError):
    """A tool cannot do what was asked; the message is the sentence that the person may read. Nothing was changed."""

    code = "tool_refused"

    def __init__(self, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.data = data


class Tool(Protocol):
    """Something a model can have done."""

    @property
    def spec(self) -> ToolSpec: ...

    def decode(self, arguments: JsonObject) -> Any:
        """Return the arguments as a value of the tool's own type. Raises ToolArgumentsError."""

    async def invoke(self, arguments: Any, context: ToolContext) -> ToolOutput:
        """Do it. Raises ToolRefusedError, or another ApplianceError when a part of the box fails."""


@dataclass(frozen=True, slots=True)
class FunctionTool(Generic[A]):
    """A tool made of a struct for its arguments and a function."""

    spec: ToolSpec
    arguments: type[A]
    run: Callable[[A, ToolContext], Awaitable[ToolOutput]]

    def decode(self, arguments: JsonObject) -> A:
        return decode_arguments(self.arguments, arguments)

    async def invoke(self, arguments: A, context: ToolContext) -> ToolOutput:
        return await self.run(arguments, context)


def function_tool(
    name: str,
    description: str,
    arguments: type[A],
    run: Callable[[A, ToolContext], Awaitable[ToolOutput]],
    *,
    effect: Effect = Effect.READ,
) -> FunctionTool[A]:
    """Return a tool whose JSON Schema comes from the struct `arguments`."""
    return FunctionTool(ToolSpec(name, description, schema_of(arguments), effect), arguments, run)


class Pure(Protocol[A_contra]):
    """A tool function that waits for nothing."""

    def __call__(self, arguments: A_contra, context: ToolContext, /) -> ToolOutput: ...


def pure(work: Pure[A]) -> Callable[[A, ToolContext], Awaitable[ToolOutput]]:
    """Let a function that waits for nothing be the function of a tool."""

    async def run(arguments: A, context: ToolContext) -> ToolOutput:
        return work(arguments, context)

    return run
