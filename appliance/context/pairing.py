"""Tool calls and their results put side by side, as every service demands it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from appliance.messages import Message, Role, ToolCall, ToolResult

_BROKEN_OFF = "This was broken off; whether it was done is not known. Look before you do it again."


def paired(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return the conversation with each round of tool calls followed by exactly its results.

    An abort or a power cut leaves a call without its result: it gets one that says so. What spoke meanwhile (a timer,
    an injected note) comes after the results. A result without its call, cut off with it, is left out.
    """
    found: list[Message] = []
    for index, message in enumerate(messages):
        if message.role is Role.TOOL:
            continue  # it came with its call
        found.append(message)
        calls = [part for part in message.parts if isinstance(part, ToolCall)]
        if calls:
            found += _results(calls, islice(messages, index + 1, None))
    return tuple(found)


def _results(calls: Sequence[ToolCall], later: Iterable[Message]) -> list[Message]:
    """Return one result for each call, from what follows up to the next round; ids are only unique within one."""
    given: dict[str, Message] = {}
    for message in later:
        if message.role is Role.USER or any(isinstance(part, ToolCall) for part in message.parts):
            break
        for part in message.parts:
            if isinstance(part, ToolResult):
                given.setdefault(part.call_id, message)
    return [given.get(call.id) or _missing(call) for call in calls]


def _missing(call: ToolCall) -> Message:
    return Message(Role.TOOL, (ToolResult(call.id, call.name, _BROKEN_OFF, is_error=True),))
