"""What all OpenAI-compatible routes share: the credential first, a bounded body, errors in OpenAI's shape."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from appliance.access.scopes import expand
from appliance.foundation.errors import ApplianceError, ClosedError, OverloadedError
from appliance.gateway.bearer import Bearer, HttpCaller
from appliance.generation import FailureKind, ModelError
from appliance.protocol.errors import ErrorCode, WireError, missing_scope, to_wire

_log = logging.getLogger(__name__)
MAX_BODY_BYTES = 20 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_JSON = "application/json"
_CLIENT_GONE = 499
BodyT = TypeVar("BodyT")
GuardedHandler = Callable[[web.Request, HttpCaller], Awaitable[web.StreamResponse]]

_MODEL_STATUS = {
    FailureKind.RATE_LIMIT: 429,
    FailureKind.INVALID_REQUEST: 400,
    FailureKind.CONTEXT_OVERFLOW: 400,
    FailureKind.NOT_FOUND: 404,
    FailureKind.REFUSED: 400,
    FailureKind.TIMEOUT: 504,
}
_TYPES = {
    400: "invalid_request_error",
    404: "invalid_request_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
}


class HttpError(ApplianceError):
    """Reject one HTTP request with a status; `kind` and `param` are OpenAI's `type` and `param`."""

    code = "http_error"

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = code
        self.param = param
        self.retry_after_s = retry_after_s

    def body(self) -> dict[str, Any]:
        """Return OpenAI's error object."""
        kind = _TYPES.get(self.status, "api_error" if self.status >= 500 else "invalid_request_error")
        return {"error": {"message": str(self), "type": kind, "param": self.param, "code": self.error_code}}

    def response(self) -> web.Response:
        headers = {}
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(max(1, round(self.retry_after_s)))
        return web.Response(
            status=self.status, body=msgspec.json.encode(self.body()), content_type=_JSON, headers=headers
        )


def bad_request(message: str, *, param: str | None = None, code: str | None = None) -> HttpError:
    return HttpError(400, message, param=param, code=code)


def to_http(error: ApplianceError) -> HttpError:
    """Translate an expected failure of any floor. The one mapper of this surface."""
    if isinstance(error, HttpError):
        return error
    if isinstance(error, ModelError):
        status = _MODEL_STATUS.get(error.kind, 502)
        return HttpError(status, str(error), code=error.kind.value, retry_after_s=error.retry_after_s)
    if isinstance(error, OverloadedError):
        return HttpError(503, str(error), code=error.code, retry_after_s=error.retry_after_s)
    if isinstance(error, ClosedError):
        return HttpError(503, str(error), code=error.code, retry_after_s=2)
    wire = to_wire(error)
    if wire.wire_code == ErrorCode.INVALID_REQUEST:
        status = 409 if error.code == "chat_request_conflict" else 400
    else:
        status = 403 if wire.wire_code == ErrorCode.FORBIDDEN else 503
    return HttpError(status, str(wire), code=None if isinstance(error, WireError) else error.code)


def json_response(value: Any, *, status: int = 200) -> web.Response:
    """Return a value as JSON."""
    return web.Response(status=status, body=msgspec.json.encode(value), content_type=_JSON)


def _refusal(caller: HttpCaller, scope: str) -> web.Response | None:
    if scope in expand(caller.scopes):
        return None
    error = missing_scope(scope)
    body = {"error": {"message": str(error), "type": "forbidden", "details": error.details}}
    return json_response(body, status=403)


def guarded(
    bearer: Bearer, handler: GuardedHandler, *, scope: str = "operator.write"
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return a route handler that checks the credential before anything is read, and maps errors once."""

    async def route(request: web.Request) -> web.StreamResponse:
        caller = bearer.check(request)
        if isinstance(caller, web.StreamResponse):
            return caller
        if (refused := _refusal(caller, scope)) is not None:
            return refused
        try:
            return await handler(request, caller)
        except ApplianceError as error:
            return to_http(error).response()
        except ConnectionError:
            return web.Response(status=_CLIENT_GONE)  # nobody reads it; it only ends the request
        except Exception:  # noqa: BLE001 - a fault of ours: clients still expect OpenAI's shape, the log has the trace
            _log.exception("%s failed", request.path)
            text = "Something went wrong inside the box. `homarus logs` has the details."
            return HttpError(500, text, code="internal").response()

    return route


async def read_body(request: web.Request, kind: type[BodyT], *, max_bytes: int = MAX_BODY_BYTES) -> BodyT:
    """Read and decode a JSON body of at most `max_bytes`. Raises HttpError 400, 413."""
    if (request.content_length or 0) > max_bytes:
        raise HttpError(413, f"The request body is larger than {max_bytes} bytes.", code="body_too_large")
    content = bytearray()
    async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
        content += chunk
        if len(content) > max_bytes:
            raise HttpError(413, f"The request body is larger than {max_bytes} bytes.", code="body_too_large")
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise bad_request(f"The request body is not valid: {error}") from None
