"""One response of the Responses interface while it grows: its items, and the event for each step. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from appliance.gateway.http.exchange import Spent
from appliance.messages import ToolCall

Event = dict[str, Any]


@dataclass(slots=True)
class ResponseObject:
    """The object and its events. Steps return events; whoever does not stream ignores them."""

    id: str
    created_at: int
    model: str
    instructions: str | None
    previous_response_id: str | None
    tools: Sequence[Mapping[str, Any]]
    metadata: Mapping[str, Any]
    max_output_tokens: int | None = None
    temperature: float | None = None
    status: str = "in_progress"
    error: Mapping[str, Any] | None = None
    incomplete: Mapping[str, Any] | None = None
    usage: Mapping[str, Any] | None = None
    output: list[dict[str, Any]] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _open: bool = False
    _number: int = -1

    def body(self) -> dict[str, Any]:
        """Return the response as it is now."""
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created_at,
            "status": self.status,
            "error": self.error,
            "incomplete_details": self.incomplete,
            "instructions": self.instructions,
            "max_output_tokens": self.max_output_tokens,
            "metadata": self.metadata,
            "model": self.model,
            "output": list(self.output),
            "parallel_tool_calls": True,
            "previous_response_id": self.previous_response_id,
            "temperature": self.temperature,
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": self.tools,
            "top_p": None,
            "truncation": "disabled",
            "usage": self.usage,
        }

    def _event(self, kind: str, **fields: Any) -> Event:
        self._number += 1
        return {"type": kind, "sequence_number": self._number, **fields}

    def begin(self) -> list[Event]:
        """Return the first events."""
        return [
            self._event("response.created", response=self.body()),
            self._event("response.in_progress", response=self.body()),
        ]

    @property
    def _place(self) -> dict[str, Any]:
        index = len(self.output) - 1
        return {"item_id": self.output[index]["id"], "output_index": index, "content_index": 0}

    def say(self, text: str) -> list[Event]:
        """Take new text."""
        events = [] if self._open else self._open_message()
        self._text.append(text)
        events.append(self._event("response.output_text.delta", **self._place, delta=text, logprobs=[]))
        return events

    def _open_message(self) -> list[Event]:
        self._open = True
        item = {
            "id": f"msg_{self.id}_{len(self.output)}",
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        self.output.append(item)
        part = {"type": "output_text", "text": "", "annotations": []}
        return [
            self._event("response.output_item.added", output_index=len(self.output) - 1, item=dict(item)),
            self._event("response.content_part.added", **self._place, part=part),
        ]

    def _close_message(self) -> list[Event]:
        if not self._open:
            return []
        self._open = False
        text = "".join(self._text)
        self._text.clear()
        part = {"type": "output_text", "text": text, "annotations": []}
        item = self.output[-1] = {**self.output[-1], "status": "completed", "content": [part]}
        place = self._place
        return [
            self._event("response.output_text.done", **place, text=text, logprobs=[]),
            self._event("response.content_part.done", **place, part=part),
            self._event("response.output_item.done", output_index=place["output_index"], item=item),
        ]

    def call(self, call: ToolCall) -> list[Event]:
        """Take a call of one of the caller's tools."""
        events = self._close_message()
        index = len(self.output)
        arguments = msgspec.json.encode(call.arguments).decode()
        item = {
            "id": f"fc_{self.id}_{index}",
            "type": "function_call",
            "status": "completed",
            "call_id": call.id,
            "name": call.name,
            "arguments": arguments,
        }
        self.output.append(item)
        begun = {**item, "status": "in_progress", "arguments": ""}
        where = {"item_id": item["id"], "output_index": index}
        return [
            *events,
            self._event("response.output_item.added", output_index=index, item=begun),
            self._event("response.function_call_arguments.delta", **where, delta=arguments),
            self._event("response.function_call_arguments.done", **where, name=call.name, arguments=arguments),
            self._event("response.output_item.done", output_index=index, item=item),
        ]

    def finish(self, stop: str, spent: Spent) -> list[Event]:
        """End the response: completed, or incomplete when it was cut."""
        events = self._close_message()
        reasons = {"length": "max_output_tokens", "content_filter": "content_filter"}
        self.status = "incomplete" if stop in reasons else "completed"
        self.incomplete = {"reason": reasons[stop]} if stop in reasons else None
        self.usage = _usage(spent)
        return [*events, self._event(f"response.{self.status}", response=self.body())]

    def fail(self, code: str, message: str) -> list[Event]:
        """End the response with an error."""
        self.status, self.error = "failed", {"code": code, "message": message}
        return [self._event("response.failed", response=self.body())]


def _usage(spent: Spent) -> dict[str, Any] | None:
    if spent.input is None and spent.output is None:
        return None
    used, made = spent.input or 0, spent.output or 0
    return {
        "input_tokens": used,
        "input_tokens_details": {"cached_tokens": spent.cached or 0},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": used + made,
    }
