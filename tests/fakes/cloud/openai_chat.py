"""A service that speaks OpenAI chat completions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.fakes.cloud.script import Answer, Call, Counts, Fault, FaultKind, Say, Stop, Think
from tests.fakes.cloud.server import KEY, sse

_FINISH = {Stop.END: "stop", Stop.LENGTH: "length", Stop.REFUSED: "content_filter"}

# status, type, code, text: as the real service words them
_FAULTS: Mapping[FaultKind, tuple[int, str, str | None, str]] = {
    FaultKind.RATE_LIMIT: (429, "requests", "rate_limit_exceeded", "Rate limit reached for requests"),
    FaultKind.OVERLOADED: (503, "server_error", None, "The engine is currently overloaded, please try again later"),
    FaultKind.SERVER: (500, "server_error", None, "The server had an error while processing your request."),
    FaultKind.AUTH: (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided"),
    FaultKind.BILLING: (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota"),
    FaultKind.CONTEXT_OVERFLOW: (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
    ),
    FaultKind.REFUSED: (
        400,
        "invalid_request_error",
        "content_policy_violation",
        "Your request was rejected by our safety system.",
    ),
    FaultKind.INVALID: (400, "invalid_request_error", None, "Unknown parameter: 'frobnicate'."),
    FaultKind.NOT_FOUND: (404, "invalid_request_error", "model_not_found", "The model `nope` does not exist"),
}


class OpenAIChatWire:
    name = "openai-chat"
    base_path = "/v1"

    def authorised(self, headers: Mapping[str, str]) -> bool:
        return headers.get("authorization") == f"Bearer {KEY}"

    def model_of(self, path: str, body: Any) -> str:
        return str(body["model"])

    def streams(self, path: str, body: Any) -> bool:
        return bool(body.get("stream"))

    def embeds(self, path: str) -> bool:
        return path == "/embeddings"

    def embedding_count(self, body: Any) -> int:
        return len(body["input"])

    def vectors(self, texts: int) -> Any:
        data = [{"object": "embedding", "index": i, "embedding": [float(i), 0.5]} for i in range(texts)]
        # Out of order on purpose: the index is what counts.
        return {
            "object": "list",
            "data": data[::-1],
            "model": "embed",
            "usage": {"prompt_tokens": 3, "total_tokens": 3},
        }

    def events(self, answer: Answer, model: str) -> list[bytes]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        calls = 0
        for item in answer.items:
            if isinstance(item, Say):
                deltas += [{"content": piece} for piece in item.pieces]
            elif isinstance(item, Think):
                deltas.append({"reasoning_content": item.text})
            else:
                pieces = _call_deltas(item, calls)
                deltas += pieces[:2] if answer.cuts_off(item) else pieces
                calls += 1
        finish = "tool_calls" if calls and answer.stop is Stop.END else _FINISH[answer.stop]
        chunks = [_chunk(model, delta, None) for delta in deltas]
        chunks.append(_chunk(model, {}, finish))
        if answer.usage is not None:
            chunks.append({**_chunk(model, {}, None), "choices": [], "usage": _usage(answer.usage)})
        return [*(sse(chunk) for chunk in chunks), sse("[DONE]")]

    def whole(self, answer: Answer, model: str) -> Any:
        calls = [
            {
                "id": c.id,
                "type": "function",
                "function": {"name": c.name, "arguments": json.dumps(dict(c.arguments))},
            }
            for c in answer.items
            if isinstance(c, Call)
        ]
        message: dict[str, Any] = {
            "role": "assistant",
            "content": "".join(item.text for item in answer.items if isinstance(item, Say)) or None,
            "refusal": None,
        }
        if calls:
            message["tool_calls"] = calls
        finish = "tool_calls" if calls else _FINISH[answer.stop]
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_795_000_000,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
            "usage": _usage(answer.usage) if answer.usage else None,
        }

    def fault(self, fault: Fault) -> tuple[int, Any]:
        status, kind, code, text = _FAULTS[fault.kind]
        return status, {"error": {"message": fault.text or text, "type": kind, "param": None, "code": code}}

    def fault_event(self, fault: Fault) -> bytes:
        return sse(self.fault(fault)[1])


def _chunk(model: str, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_795_000_000,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}],
        "usage": None,
    }


def _call_deltas(call: Call, index: int) -> list[dict[str, Any]]:
    text = json.dumps(dict(call.arguments))
    head = {
        "index": index,
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": ""},
    }
    pieces = [text[at : at + 5] for at in range(0, len(text), 5)]
    return [
        {"tool_calls": [head]},
        *({"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in pieces),
    ]


def _usage(counts: Counts) -> dict[str, Any]:
    return {
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output,
        "total_tokens": counts.input + counts.output,
        "prompt_tokens_details": {"cached_tokens": counts.cached, "cache_write_tokens": counts.written},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
