"""What every HTTP request passes first: names and pages that are not ours are refused, upgrades leave HTTP."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from appliance.access.origin import OriginPolicy
from appliance.gateway.bearer import Bearer, error_response
from appliance.gateway.transport.front import Doors, HttpGuest
from appliance.gateway.transport.head import ONCE, Head, answer_upgrade
from appliance.gateway.transport.lobby import source_of
from appliance.gateway.transport.peer import encrypted
from appliance.protocol.version import HANDSHAKE_TIMEOUT_S

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_FIX: Final = "add it to gateway.controlUi.allowedOrigins"


_DEFAULTS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""What every answer says that says nothing else, errors included: nothing of ours runs, is framed or read by others."""


async def harden(_: web.Request, response: web.StreamResponse) -> None:
    """Complete the headers of an answer (a signal of aiohttp). Which program of which version answers is not told."""
    for name, value in _DEFAULTS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    response.headers[hdrs.SERVER] = "Homarus"


class _NoRubbish(logging.Filter):
    """Keeps requests that are no HTTP out of the log: each would write a trace with whatever a stranger sent."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError)


_NO_RUBBISH: Final = _NoRubbish()


def quiet_log() -> logging.Logger:
    """Return the log of the HTTP server, without what clients do wrong."""
    log = logging.getLogger("aiohttp.server")
    log.addFilter(_NO_RUBBISH)
    return log


class HttpGuard:
    """Its `handle` is an aiohttp middleware. `origins` is asked per request: the configuration may change meanwhile."""

    def __init__(self, bearer: Bearer, origins: Callable[[], OriginPolicy], doors: Callable[[], Doors]) -> None:
        self._bearer = bearer
        self._origins = origins
        self._doors = doors

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if "websocket" in request.headers.get("Upgrade", "").lower():
            return self._upgrade(request)
        peer = self._bearer.peer(request)
        origins = self._origins()
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        if (
            not peer.control
            and not peer.trusted_proxy
            and not origins.allows_host(host, direct_local=peer.direct_local)
        ):
            return error_response(403, f"Host not allowed; {_FIX}", "host_not_allowed")
        if origin is not None and not origins.allows_origin(origin, host, direct_local=peer.direct_local):
            return error_response(403, f"Origin not allowed; {_FIX}", "origin_not_allowed")
        return await handler(request)

    def _upgrade(self, request: web.Request) -> web.StreamResponse:
        """Take a kept-alive HTTP connection out of aiohttp's hands: clients and proxies reuse them for upgrades."""
        head = _head(request)
        transport = request.transport
        if head is None or transport is None:
            return web.Response(status=400)
        upgraded, answer = answer_upgrade(head)
        if not upgraded:
            return web.Response(status=426 if b" 426 " in answer else 400)
        doors = self._doors()
        connection = doors.websocket(self._bearer.peer(request), head)
        doors.lobby.leave(HttpGuest(transport))
        source = source_of(transport.get_extra_info("peername"))
        doors.lobby.enter(connection, HANDSHAKE_TIMEOUT_S, source=source, heavy=encrypted(transport))
        transport.write(answer)
        transport.set_protocol(connection)
        # For aiohttp the client went away: without its transport it closes nothing and drops the response below.
        request.protocol.transport = None
        request.protocol.connection_lost(None)
        connection.connection_made(transport)
        return web.Response()


def _head(request: web.Request) -> Head | None:
    """The request as the upgrade sees it; None when a header that decides about trust comes twice."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        name = name.lower()
        if name in headers:
            if name in ONCE:
                return None
            value = f"{headers[name]},{value}"
        headers[name] = value
    return Head(f"{request.method} {request.raw_path} HTTP/1.1", headers)
