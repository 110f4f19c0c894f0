"""A service that speaks Anthropic messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.fakes.cloud.script import Answer, Call, Counts, Fault, FaultKind, Say, Stop, Think
from tests.fakes.cloud.server import KEY, sse

_STOPS = {Stop.END: "end_turn", Stop.LENGTH: "max_tokens", Stop.REFUSED: "refusal"}

_FAULTS: Mapping[FaultKind, tuple[int, str, str]] = {
    FaultKind.RATE_LIMIT: (
        429,
        "rate_limit_error",
        "This request would exceed your organization's rate limit",
    ),
    FaultKind.OVERLOADED: (529, "overloaded_error", "Overloaded"),
    FaultKind.SERVER: (500, "api_error", "Internal server error"),
    FaultKind.AUTH: (401, "authentication_error", "invalid x-api-key"),
    FaultKind.BILLING: (
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API.",
    ),
    FaultKind.CONTEXT_OVERFLOW: (
        400,
        "invalid_request_error",
        "prompt is too long: 210000 tokens > 200000 maximum",
    ),
    FaultKind.REFUSED: (400, "invalid_request_error", "Output blocked by content filtering policy"),
    FaultKind.INVALID: (400, "invalid_request_error", "messages.0.content: Field required"),
    FaultKind.NOT_FOUND: (404, "not_found_error", "model: nope"),
}


class AnthropicWire:
    name = "anthropic"
    base_path = ""

    def authorised(self, headers: Mapping[str, str]) -> bool:
        key = headers.get("x-api-key") == KEY or headers.get("authorization") == f"Bearer {KEY}"
        return key and headers.get("anthropic-version") in ("2023-06-01", "2026-10-21")

    def model_of(self, path: str, body: Any) -> str:
        return str(body["model"])

    def streams(self, path: str, body: Any) -> bool:
        return bool(body.get("stream"))

    def embeds(self, path: str) -> bool:
        return False

    def embedding_count(self, body: Any) -> int:
        return 0

    def vectors(self, texts: int) -> Any:
        raise NotImplementedError

    def events(self, answer: Answer, model: str) -> list[bytes]:
        counts = answer.usage
        start = {**_message(model), "usage": _start_usage(counts)}
        events = [_event("message_start", message=start)]
        for index, item in enumerate(answer.items):
            events.append(_event("content_block_start", index=index, content_block=_empty(item)))
            if index == 0:
                events.append(_event("ping"))
            deltas = _deltas(item)[:2] if answer.cuts_off(item) else _deltas(item)
            events += [_event("content_block_delta", index=index, delta=delta) for delta in deltas]
            events.append(_event("content_block_stop", index=index))
        delta = {"stop_reason": _stop(answer), "stop_sequence": None}
        usage = {"output_tokens": counts.output} if counts else {}
        events.append(_event("message_delta", delta=delta, usage=usage))
        events.append(_event("message_stop"))
        return events

    def whole(self, answer: Answer, model: str) -> Any:
        blocks: list[dict[str, Any]] = []
        for item in answer.items:
            if isinstance(item, Say):
                blocks.append({"type": "text", "text": item.text, "citations": None})
            elif isinstance(item, Call):
                blocks.append({"type": "tool_use", "id": item.id, "name": item.name, "input": dict(item.arguments)})
        usage = {**_start_usage(answer.usage), "output_tokens": answer.usage.output if answer.usage else 0}
        return {**_message(model), "content": blocks, "stop_reason": _stop(answer), "usage": usage}

    def fault(self, fault: Fault) -> tuple[int, Any]:
        status, kind, text = _FAULTS[fault.kind]
        error = {"type": kind, "message": fault.text or text}
        return status, {"type": "error", "error": error, "request_id": "req_1"}

    def fault_event(self, fault: Fault) -> bytes:
        return sse(self.fault(fault)[1], "error")


def _event(kind: str, **fields: Any) -> bytes:
    return sse({"type": kind, **fields}, kind)


def _message(model: str) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _start_usage(counts: Counts | None) -> dict[str, Any]:
    if counts is None:
        return {}
    return {
        "input_tokens": counts.input - counts.cached - counts.written,
        "cache_read_input_tokens": counts.cached,
        "cache_creation_input_tokens": counts.written,
        "output_tokens": 1,
    }


def _empty(item: Say | Think | Call) -> dict[str, Any]:
    if isinstance(item, Say):
        return {"type": "text", "text": ""}
    if isinstance(item, Think):
        return {"type": "thinking", "thinking": "", "signature": ""}
    return {"type": "tool_use", "id": item.id, "name": item.name, "input": {}}


def _deltas(item: Say | Think | Call) -> list[dict[str, Any]]:
    if isinstance(item, Say):
        return [{"type": "text_delta", "text": piece} for piece in item.pieces]
    if isinstance(item, Think):
        return [
            {"type": "thinking_delta", "thinking": item.text},
            {"type": "signature_delta", "signature": "c2ln"},
        ]
    text = json.dumps(dict(item.arguments)) if item.arguments else ""
    pieces = [text[at : at + 5] for at in range(0, len(text), 5)]
    return [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces]]


def _stop(answer: Answer) -> str:
    calls = any(isinstance(item, Call) for item in answer.items)
    return "tool_use" if calls and answer.stop is Stop.END else _STOPS[answer.stop]
