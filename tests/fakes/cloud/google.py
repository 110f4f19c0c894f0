"""A service that speaks Google generateContent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.cloud.script import Answer, Call, Counts, Fault, FaultKind, Say, Stop, Think
from tests.fakes.cloud.server import KEY, sse

_FINISH = {Stop.END: "STOP", Stop.LENGTH: "MAX_TOKENS", Stop.REFUSED: "SAFETY"}

_FAULTS: Mapping[FaultKind, tuple[int, str, str]] = {
    FaultKind.RATE_LIMIT: (429, "RESOURCE_EXHAUSTED", "You exceeded your current rate of requests."),
    FaultKind.OVERLOADED: (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    FaultKind.SERVER: (500, "INTERNAL", "An internal error has occurred."),
    FaultKind.AUTH: (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
    FaultKind.BILLING: (402, "FAILED_PRECONDITION", "Your account has no credit left."),
    FaultKind.CONTEXT_OVERFLOW: (
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    ),
    FaultKind.REFUSED: (400, "INVALID_ARGUMENT", "The request was blocked by the content policy."),
    FaultKind.INVALID: (400, "INVALID_ARGUMENT", "Invalid JSON payload received. Unknown name 'frobnicate'."),
    FaultKind.NOT_FOUND: (404, "NOT_FOUND", "models/nope is not found for API version v1beta"),
}


class GoogleWire:
    name = "google"
    base_path = "/v1beta"

    def authorised(self, headers: Mapping[str, str]) -> bool:
        return headers.get("x-goog-api-key") == KEY

    def model_of(self, path: str, body: Any) -> str:
        return path.removeprefix("/models/").rpartition(":")[0]

    def streams(self, path: str, body: Any) -> bool:
        return path.endswith(":streamGenerateContent")

    def embeds(self, path: str) -> bool:
        return path.endswith(":batchEmbedContents")

    def embedding_count(self, body: Any) -> int:
        return len(body["requests"])

    def vectors(self, texts: int) -> Any:
        return {"embeddings": [{"values": [float(i), 0.5]} for i in range(texts)]}

    def events(self, answer: Answer, model: str) -> list[bytes]:
        chunks = [_chunk(model, [part]) for item in answer.items for part in _parts(item) if not answer.cuts_off(item)]
        last = chunks[-1] if chunks else _chunk(model, [])
        if not chunks:
            chunks = [last]
        last["candidates"][0]["finishReason"] = _FINISH[answer.stop]
        if answer.usage is not None:
            last["usageMetadata"] = _usage(answer.usage)
        return [sse(chunk).replace(b"\n", b"\r\n") for chunk in chunks]  # the real one ends its lines with CR LF

    def whole(self, answer: Answer, model: str) -> Any:
        parts = [part for item in answer.items for part in _parts(item)]
        chunk = _chunk(model, parts)
        chunk["candidates"][0]["finishReason"] = _FINISH[answer.stop]
        if answer.usage is not None:
            chunk["usageMetadata"] = _usage(answer.usage)
        return chunk

    def fault(self, fault: Fault) -> tuple[int, Any]:
        code, status, text = _FAULTS[fault.kind]
        error: dict[str, Any] = {"code": code, "message": fault.text or text, "status": status}
        if fault.kind is FaultKind.AUTH:
            info = "type.googleapis.com/google.rpc.ErrorInfo"
            error["details"] = [
                {"@type": info, "reason": "API_KEY_INVALID", "domain": "googleapis.com", "metadata": {}}
            ]
        return code, {"error": error}

    def fault_event(self, fault: Fault) -> bytes:
        return sse(self.fault(fault)[1])


def _chunk(model: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0}],
        "modelVersion": model,
        "responseId": "resp-1",
    }


def _parts(item: Say | Think | Call) -> list[dict[str, Any]]:
    if isinstance(item, Say):
        return [{"text": piece} for piece in item.pieces]
    if isinstance(item, Think):
        return [{"text": item.text, "thought": True}]
    call = {"name": item.name, "args": dict(item.arguments), "id": item.id}
    return [{"functionCall": call, "thoughtSignature": "c2lnbmF0dXJl"}]


def _usage(counts: Counts) -> dict[str, Any]:
    return {
        "promptTokenCount": counts.input,
        "cachedContentTokenCount": counts.cached,
        "candidatesTokenCount": counts.output - 2,
        "thoughtsTokenCount": 2,
        "totalTokenCount": counts.input + counts.output,
    }
