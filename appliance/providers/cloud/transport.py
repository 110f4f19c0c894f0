"""A request to a model service: credentials, time limits, retries, and the bytes that come back."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp
import msgspec

from appliance.foundation.clock import Clock
from appliance.generation import FailureKind, ModelError
from appliance.messages import JsonObject
from appliance.providers.base import Credential
from appliance.providers.classification import MAX_ERROR_BODY_BYTES, model_error, read_problem
from appliance.providers.cloud.address import BaseUrl
from appliance.providers.cloud.dialer import Dialer, OfflineError, RefusedAddressError
from appliance.providers.cloud.retry import RetryRules
from appliance.providers.errors import Origin, failure
from appliance.providers.settings import Timeouts

_MAX_BODY_BYTES = 32 * 1024 * 1024  # the longest answer that comes in one piece: a page of embeddings
_DRAIN_S = 0.2

_NO_HEADERS: Mapping[str, str] = {}


class Reply:
    """An accepted answer whose first bytes have arrived."""

    def __init__(self, response: aiohttp.ClientResponse, first: bytes, origin: Origin, timeouts: Timeouts) -> None:
        self._response = response
        self._first = first
        self._origin = origin
        self._timeouts = timeouts

    @property
    def is_json(self) -> bool:
        """True when the service sent one JSON document instead of a stream."""
        return self._response.content_type == "application/json"

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the body as it arrives. Raises ModelError (NETWORK, TIMEOUT)."""
        chunk = self._first
        while chunk:
            yield chunk
            try:
                async with asyncio.timeout(self._timeouts.idle_s):
                    chunk = await self._response.content.readany()
            except TimeoutError:
                raise failure(FailureKind.TIMEOUT, self._origin, reason="its answer stopped coming") from None
            except (aiohttp.ClientError, OSError):
                raise failure(FailureKind.NETWORK, self._origin, reason="the connection broke") from None

    async def drain(self) -> None:
        """Read what is left so that the connection can serve again; a service that dawdles loses it."""
        try:
            async with asyncio.timeout(_DRAIN_S):
                while await self._response.content.readany():
                    pass
        except (TimeoutError, aiohttp.ClientError, OSError):
            self._response.close()


class Transport:
    """Sends requests below one base URL. Redirects are never followed: they would carry the key elsewhere."""

    def __init__(
        self,
        *,
        dialer: Dialer,
        base: BaseUrl,
        credential: Credential,
        headers: Mapping[str, str],
        clock: Clock,
        timeouts: Timeouts,
        rules: RetryRules,
        offline: Callable[[], bool],
        chance: Callable[[], float] | None = None,
    ) -> None:
        self._dialer = dialer
        self._base = base
        self._credential = credential
        self._headers = headers
        self._clock = clock
        self._timeouts = timeouts
        self._rules = rules
        self._offline = offline
        self._chance = chance

    async def reaches(self, *, routed: bool) -> bool:
        """Tell whether the service takes a connection now. Without a default route only what is near is tried."""
        if (self._offline() and not self._base.loopback) or not (routed or self._base.near):
            return False
        return await self._dialer.reaches(self._base.host, self._base.port)

    @asynccontextmanager
    async def stream(self, path: str, payload: JsonObject, origin: Origin) -> AsyncIterator[Reply]:
        """Send `payload` and yield the reply. Leaving early closes the connection and so ends the call."""
        reply, response = await self._open(path, payload, origin, "text/event-stream")
        try:
            yield reply
        finally:
            # `close` on a body that was read to its end gives the connection back to the pool.
            response.close()

    async def fetch(self, path: str, payload: JsonObject, origin: Origin) -> bytes:
        """Send `payload` and return the whole body. Raises ModelError."""
        reply, response = await self._open(path, payload, origin, "application/json")
        body = bytearray()
        try:
            async for chunk in reply.chunks():
                body += chunk
                if len(body) > _MAX_BODY_BYTES:
                    raise failure(FailureKind.BAD_RESPONSE, origin, reason="it is too large")
        finally:
            response.close()
        return bytes(body)

    async def _open(
        self, path: str, payload: JsonObject, origin: Origin, accept: str
    ) -> tuple[Reply, aiohttp.ClientResponse]:
        if self._offline() and not self._base.loopback:
            raise failure(FailureKind.OFFLINE, origin)
        body = msgspec.json.encode(payload)
        attempt = 0
        while True:
            try:
                return await self._attempt(path, body, origin, accept)
            except _Refusal as refusal:
                delay_s = self._rules.delay_s(attempt, refusal.error, refusal.headers, self._chance)
                if delay_s is None:
                    raise refusal.error from None
            await self._clock.sleep(delay_s)
            attempt += 1

    async def _attempt(
        self, path: str, body: bytes, origin: Origin, accept: str
    ) -> tuple[Reply, aiohttp.ClientResponse]:
        secret_headers = await self._credential.get_headers()
        headers = {
            "Content-Type": "application/json",
            "Accept": accept,
            "Accept-Encoding": "identity",  # compression would hold small events back
            "User-Agent": "homarus",
            **self._headers,
            **secret_headers,
        }
        timeout = aiohttp.ClientTimeout(
            total=self._timeouts.total_s,
            connect=self._timeouts.connect_s,
            sock_connect=self._timeouts.connect_s,
        )
        try:
            response = await self._dialer.session.post(
                self._base.join(path), data=body, headers=headers, timeout=timeout, allow_redirects=False
            )
            try:
                if not 200 <= response.status < 300:
                    raise await self._refused(response, origin, secret_headers)
                first = await response.content.readany()
            except BaseException:
                response.close()
                raise
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _Refusal(_unreachable(error, origin), _NO_HEADERS) from None
        return Reply(response, first, origin, self._timeouts), response

    async def _refused(
        self, response: aiohttp.ClientResponse, origin: Origin, secret_headers: Mapping[str, str]
    ) -> _Refusal:
        if 300 <= response.status < 400:
            reason = "it redirects; put the final address in baseUrl"
            error = failure(FailureKind.INVALID_REQUEST, origin, reason=reason, status=response.status)
            return _Refusal(error, response.headers)
        body = await _bounded(response.content)
        problem = read_problem(response.status, body, response.headers, now_ms=self._clock.now_ms())
        secrets = (value.removeprefix("Bearer ") for value in (*secret_headers.values(), *self._headers.values()))
        return _Refusal(model_error(problem, origin, secrets), response.headers)


class _Refusal(Exception):
    """One attempt failed; whether another follows is for the rules to say."""

    def __init__(self, error: ModelError, headers: Mapping[str, str]) -> None:
        super().__init__()
        self.error = error
        self.headers = headers


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    while len(body) < MAX_ERROR_BODY_BYTES and (chunk := await content.readany()):
        body += chunk
    return bytes(body[:MAX_ERROR_BODY_BYTES])


def _unreachable(error: BaseException, origin: Origin) -> ModelError:
    """Translate a failure below HTTP, in our words: such errors may quote addresses and headers."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, OfflineError):
        return failure(FailureKind.OFFLINE, origin)
    if isinstance(cause, RefusedAddressError):
        return failure(FailureKind.INVALID_REQUEST, origin, reason=f"{cause}, which is never dialled")
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError)):
        return failure(FailureKind.UNAVAILABLE, origin, reason="its TLS certificate is not trusted")
    if isinstance(error, aiohttp.InvalidURL):
        return failure(FailureKind.INVALID_REQUEST, origin, reason="its baseUrl is not usable")
    if isinstance(error, (aiohttp.ConnectionTimeoutError, aiohttp.ServerTimeoutError)):
        return failure(FailureKind.NETWORK, origin, reason="no connection in time")
    if isinstance(error, TimeoutError):
        return failure(FailureKind.TIMEOUT, origin, reason="no answer in time")
    return failure(FailureKind.NETWORK, origin, reason=_plain(cause))


def _plain(cause: BaseException) -> str:
    if isinstance(cause, aiohttp.ClientConnectorDNSError) or "getaddrinfo" in str(type(cause)).lower():
        return "its name does not resolve"
    if isinstance(cause, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(cause, (aiohttp.ServerDisconnectedError, ConnectionResetError)):
        return "it closed the connection"
    return "the connection failed"
