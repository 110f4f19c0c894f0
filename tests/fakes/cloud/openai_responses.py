"""A service that speaks OpenAI responses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.fakes.cloud.openai_chat import OpenAIChatWire
from tests.fakes.cloud.script import Answer, Call, Counts, Fault, Say, Stop, Think
from tests.fakes.cloud.server import sse

_SHELL: Mapping[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1_795_000_000,
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "metadata": {},
    "output": [],
    "parallel_tool_calls": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "usage": None,
}


class OpenAIResponsesWire(OpenAIChatWire):
    """Errors, keys and embeddings are those of the older surface."""

    name = "openai-responses"

    def events(self, answer: Answer, model: str) -> list[bytes]:
        stream = _Stream(model)
        stream.put("response.created", response=stream.response("in_progress"))
        stream.put("response.in_progress", response=stream.response("in_progress"))
        for item in answer.items:
            stream.add(item, cut_off=answer.cuts_off(item))
        status = "completed" if answer.stop is Stop.END else "incomplete"
        response = stream.response(status)
        if answer.stop is not Stop.END:
            reason = "max_output_tokens" if answer.stop is Stop.LENGTH else "content_filter"
            response["incomplete_details"] = {"reason": reason}
        response["usage"] = _usage(answer.usage) if answer.usage else None
        stream.put(f"response.{status}", response=response)
        return stream.events

    def whole(self, answer: Answer, model: str) -> Any:
        stream = _Stream(model)
        for item in answer.items:
            stream.add(item)
        return {**stream.response("completed"), "usage": _usage(answer.usage) if answer.usage else None}

    def fault_event(self, fault: Fault) -> bytes:
        _, body = self.fault(fault)
        error = body["error"]
        event = {
            "type": "error",
            "sequence_number": 99,
            "code": error["code"] or error["type"],
            "message": error["message"],
            "param": None,
        }
        return sse(event, "error")


class _Stream:
    def __init__(self, model: str) -> None:
        self.events: list[bytes] = []
        self._model = model
        self._output: list[dict[str, Any]] = []
        self._sequence = 0

    def put(self, kind: str, **fields: Any) -> None:
        self.events.append(sse({"type": kind, "sequence_number": self._sequence, **fields}, kind))
        self._sequence += 1

    def response(self, status: str) -> dict[str, Any]:
        return {**_SHELL, "model": self._model, "status": status, "output": list(self._output)}

    def add(self, item: Say | Think | Call, *, cut_off: bool = False) -> None:
        place = {"output_index": len(self._output), "item_id": f"item_{len(self._output)}"}
        if isinstance(item, Say):
            self._say(item, place)
        elif isinstance(item, Think):
            self._think(item, place)
        else:
            self._call(item, place, cut_off)

    def _say(self, item: Say, place: dict[str, Any]) -> None:
        index, item_id = place["output_index"], place["item_id"]
        empty = {"id": item_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        part = {"type": "output_text", "text": "", "annotations": []}
        self.put("response.output_item.added", output_index=index, item=empty)
        self.put("response.content_part.added", **place, content_index=0, part=part)
        for piece in item.pieces:
            self.put("response.output_text.delta", **place, content_index=0, delta=piece, logprobs=[])
        self.put("response.output_text.done", **place, content_index=0, text=item.text, logprobs=[])
        part = {**part, "text": item.text}
        self.put("response.content_part.done", **place, content_index=0, part=part)
        self._finish({**empty, "status": "completed", "content": [part]})

    def _think(self, item: Think, place: dict[str, Any]) -> None:
        index, item_id = place["output_index"], place["item_id"]
        empty = {"id": item_id, "type": "reasoning", "summary": []}
        self.put("response.output_item.added", output_index=index, item=empty)
        self.put("response.reasoning_summary_text.delta", **place, summary_index=0, delta=item.text)
        self._finish({**empty, "summary": [{"type": "summary_text", "text": item.text}]})

    def _call(self, item: Call, place: dict[str, Any], cut_off: bool) -> None:
        text = json.dumps(dict(item.arguments))
        text = text[:5] if cut_off else text
        whole = {
            "id": place["item_id"],
            "type": "function_call",
            "call_id": item.id,
            "name": item.name,
            "arguments": text,
            "status": "incomplete" if cut_off else "completed",
        }
        self.put(
            "response.output_item.added",
            output_index=place["output_index"],
            item={**whole, "arguments": "", "status": "in_progress"},
        )
        for at in range(0, len(text), 5):
            self.put("response.function_call_arguments.delta", **place, delta=text[at : at + 5])
        self.put("response.function_call_arguments.done", **place, name=item.name, arguments=text)
        self._finish(whole)

    def _finish(self, item: dict[str, Any]) -> None:
        self.put("response.output_item.done", output_index=len(self._output), item=item)
        self._output.append(item)


def _usage(counts: Counts) -> dict[str, Any]:
    return {
        "input_tokens": counts.input,
        "input_tokens_details": {"cached_tokens": counts.cached, "cache_write_tokens": counts.written},
        "output_tokens": counts.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": counts.input + counts.output,
    }
