"""One reading of every way in which a model service says no.

The services differ in shape, not in meaning: `read_problem` takes any of their error bodies apart and
`kind_of` decides what it means. Sources: the error pages of the OpenAI, Anthropic and Gemini APIs
(google.rpc.Status), and what Ollama, vLLM, llama-server and OpenRouter send in their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from appliance.generation import FailureKind, ModelError
from appliance.providers.errors import TRANSIENT, Origin, excerpt, failure

MAX_ERROR_BODY_BYTES = 64 * 1024
_MAX_RETRY_AFTER_S = 24 * 3600.0

# Names that the services give to their errors (type, code, status or reason), lower case, the specific ones
# only: `invalid_request_error`, for example, covers overflow, billing and plain mistakes and says nothing.
_BY_NAME: Mapping[str, FailureKind] = {
    "context_length_exceeded": FailureKind.CONTEXT_OVERFLOW,
    "exceed_context_size_error": FailureKind.CONTEXT_OVERFLOW,
    "request_too_large": FailureKind.CONTEXT_OVERFLOW,
    "insufficient_quota": FailureKind.BILLING,
    "billing_error": FailureKind.BILLING,
    "billing_not_active": FailureKind.BILLING,
    "billing_hard_limit_reached": FailureKind.BILLING,
    "content_policy_violation": FailureKind.REFUSED,
    "content_filter": FailureKind.REFUSED,
    "invalid_prompt": FailureKind.REFUSED,
    "invalid_api_key": FailureKind.AUTH,
    "authentication_error": FailureKind.AUTH,
    "permission_error": FailureKind.AUTH,
    "api_key_invalid": FailureKind.AUTH,
    "unauthenticated": FailureKind.AUTH,
    "permission_denied": FailureKind.AUTH,
    "rate_limit_error": FailureKind.RATE_LIMIT,
    "rate_limit_exceeded": FailureKind.RATE_LIMIT,
    "resource_exhausted": FailureKind.RATE_LIMIT,
    "overloaded_error": FailureKind.OVERLOADED,
    "server_overloaded": FailureKind.OVERLOADED,
    "slow_down": FailureKind.OVERLOADED,
    "unavailable": FailureKind.OVERLOADED,
    "model_not_found": FailureKind.NOT_FOUND,
    "not_found_error": FailureKind.NOT_FOUND,
    "not_found": FailureKind.NOT_FOUND,
    "timeout_error": FailureKind.TIMEOUT,
    "deadline_exceeded": FailureKind.TIMEOUT,
    "api_error": FailureKind.UNAVAILABLE,
    "server_error": FailureKind.UNAVAILABLE,
    "internal": FailureKind.UNAVAILABLE,
}

_BY_STATUS: Mapping[int, FailureKind] = {
    401: FailureKind.AUTH,
    402: FailureKind.BILLING,
    403: FailureKind.AUTH,
    404: FailureKind.NOT_FOUND,
    408: FailureKind.TIMEOUT,
    409: FailureKind.UNAVAILABLE,
    413: FailureKind.CONTEXT_OVERFLOW,
    429: FailureKind.RATE_LIMIT,
    503: FailureKind.OVERLOADED,
    504: FailureKind.TIMEOUT,
    529: FailureKind.OVERLOADED,
}

# What only the prose tells. Read when the status is a client error or missing (an error inside a stream).
_BY_TEXT: tuple[tuple[re.Pattern[str], FailureKind], ...] = (
    (
        re.compile(
            r"prompt is too long|maximum context length|context[ _](?:length|size|window)|"
            r"input token count|too many (?:input )?tokens|"
            r"exceeds? the (?:available|maximum) (?:context|number of tokens)",
            re.IGNORECASE,
        ),
        FailureKind.CONTEXT_OVERFLOW,
    ),
    (
        re.compile(r"credit balance|insufficient (?:credits|funds|balance|quota)", re.IGNORECASE),
        FailureKind.BILLING,
    ),
    (
        re.compile(r"api[ _-]?key (?:not valid|expired|is invalid)|invalid api[ _-]?key", re.IGNORECASE),
        FailureKind.AUTH,
    ),
    (re.compile(r"content (?:policy|filter|management)|safety system", re.IGNORECASE), FailureKind.REFUSED),
    (re.compile(r"model .{0,80}(?:not found|does not exist)", re.IGNORECASE), FailureKind.NOT_FOUND),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal as the service worded it: `names` are its codes in lower case, `text` its prose."""

    status: int | None = None
    names: tuple[str, ...] = ()
    text: str = ""
    retry_after_s: float | None = None


def read_problem(
    status: int | None, body: bytes, headers: Mapping[str, str] | None = None, *, now_ms: int | None = None
) -> Problem:
    """Take an error body of any family apart; a body that is not JSON counts as prose.

    `headers` must be case-insensitive. `now_ms` (wall time) is needed for a retry-after that is a date.
    """
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = body.decode("utf-8", "replace")
        # An HTML page of some proxy explains nothing to the owner of a box.
        value = {"error": {"message": "" if text.lstrip().startswith("<") else text}}
    return problem_of(value, status=status, retry_after_s=read_retry_after(headers or {}, now_ms))


def problem_of(value: Any, *, status: int | None = None, retry_after_s: float | None = None) -> Problem:
    """Take a decoded error apart: `{"error": {…}|"…"}`, `[{"error": …}]`, `{"detail"|"message": "…"}`."""
    if isinstance(value, list) and value:
        value = value[0]
    error = value.get("error", value) if isinstance(value, dict) else value
    if isinstance(error, str):
        return Problem(status, (), error, retry_after_s)
    if not isinstance(error, dict):
        return Problem(status, (), "", retry_after_s)
    names = [error.get(key) for key in ("code", "type", "status")]
    if status is None:
        status = _status_in(error)
    for detail in _details_of(error):
        names.append(detail.get("reason"))
        retry_after_s = _google_delay_s(detail.get("retryDelay")) or retry_after_s
    text = next((error[key] for key in ("message", "detail", "error") if isinstance(error.get(key), str)), "")
    return Problem(status, tuple(n.lower() for n in names if isinstance(n, str)), text, retry_after_s)


def _status_in(error: Mapping[str, Any]) -> int | None:
    code = error.get("code")
    if isinstance(code, str) and code.isdecimal() and len(code) == 3:
        code = int(code)
    return code if isinstance(code, int) and 300 <= code <= 599 else None


def _details_of(error: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    details = error.get("details")
    return [item for item in details if isinstance(item, dict)] if isinstance(details, list) else []


def _google_delay_s(value: object) -> float | None:
    """Read a protobuf Duration in JSON form, for example `34.07s` (google.rpc.RetryInfo)."""
    if not isinstance(value, str) or not (match := re.fullmatch(r"(\d{1,7}(?:\.\d{1,9})?)s", value)):
        return None
    return min(float(match[1]), _MAX_RETRY_AFTER_S)


def read_retry_after(headers: Mapping[str, str], now_ms: int | None = None) -> float | None:
    """Return the wait that is asked for, in seconds: `retry-after-ms`, `retry-after` (RFC 9110 10.2.3)."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", value):
            return min(float(value) * unit, _MAX_RETRY_AFTER_S)
        if value and unit == 1.0 and now_ms is not None:
            return _until_date_s(value, now_ms)
    return None


def _until_date_s(value: str, now_ms: int) -> float | None:
    from email.utils import parsedate_to_datetime  # rarely needed, and not cheap to import

    try:
        delay_s = parsedate_to_datetime(value).timestamp() - now_ms / 1000
    except (ValueError, OverflowError):
        return None
    return min(max(delay_s, 0.0), _MAX_RETRY_AFTER_S)


def kind_of(problem: Problem) -> FailureKind:
    """Decide what a problem means: its prose and names first where they are specific, then the status."""
    status = problem.status
    if status is None or 400 <= status < 500:
        named = next((_BY_NAME[name] for name in problem.names if name in _BY_NAME), None)
        if named in (FailureKind.BILLING, FailureKind.CONTEXT_OVERFLOW):
            return named
        if status in (None, 400, 403, 413, 422, 429):
            for pattern, kind in _BY_TEXT:
                if pattern.search(problem.text) and (status != 429 or kind is FailureKind.BILLING):
                    return kind
        if named is not None:
            return named
    elif 300 <= status < 400:
        return FailureKind.INVALID_REQUEST
    if status is None:
        return FailureKind.UNAVAILABLE
    if status >= 500:
        return _BY_STATUS.get(status) or _named_server_fault(problem) or FailureKind.UNAVAILABLE
    return _BY_STATUS.get(status, FailureKind.INVALID_REQUEST)


def _named_server_fault(problem: Problem) -> FailureKind | None:
    kinds = (_BY_NAME[name] for name in problem.names if name in _BY_NAME)
    return next((kind for kind in kinds if kind in TRANSIENT), None)


def model_error(problem: Problem, origin: Origin, secrets: Iterable[str] = ()) -> ModelError:
    """Turn a problem into the error that the rest of the product understands; no secret survives."""
    return failure(
        kind_of(problem),
        origin,
        reason=excerpt(problem.text, secrets),
        status=problem.status,
        retry_after_s=problem.retry_after_s,
    )
