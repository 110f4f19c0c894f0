"""Bearer authentication of the HTTP endpoints: the gateway token or password in `Authorization` (protocol.md 1.1)."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from appliance.access.scopes import limited, under_header
from appliance.access.shared import AuthMode, SharedAuth
from appliance.access.throttle import Bucket, Throttle
from appliance.foundation.clock import Clock
from appliance.gateway.transport.front import HttpGuest
from appliance.gateway.transport.lobby import Lobby
from appliance.gateway.transport.peer import Peer, classify, encrypted, on_unix_socket
from appliance.protocol.roles import SCOPES

SCOPES_HEADER: Final = "x-openclaw-scopes"
_SCHEME: Final = "bearer "


@dataclass(frozen=True, slots=True)
class HttpCaller:
    """Who sent an HTTP request: the owner of the shared secret, so every operator scope unless a header narrows."""

    actor: str
    direct_local: bool
    remote: str
    scopes: frozenset[str] = field(default_factory=lambda: SCOPES)


class Bearer:
    """Tells whether an HTTP request may pass. Ask it per request: the secret may change while the gateway runs.

    Use: `caller = bearer.check(request)`, and return it if it is a `web.Response`.
    """

    def __init__(
        self,
        auth: SharedAuth,
        throttle: Throttle,
        clock: Clock,
        *,
        lobby: Lobby | None = None,
        trusted_proxies: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network] = (),
    ) -> None:
        self.auth = auth
        self._throttle = throttle
        self._clock = clock
        self._lobby = lobby
        self._trusted_proxies = trusted_proxies

    def peer(self, request: web.BaseRequest) -> Peer:
        """Return who is at the other end of an HTTP request."""
        transport = request.transport
        if transport is None:
            return Peer("", direct_local=False)
        if on_unix_socket(transport):
            return Peer("unix", direct_local=True, control=True)
        # A client that reset its connection has no address any more: that must not make it look like the owner.
        name = transport.get_extra_info("peername")
        headers = {header.lower(): value for header, value in request.headers.items()}
        return classify(name[0] if name else "", headers, self._trusted_proxies, tls=encrypted(transport))

    def check(self, request: web.BaseRequest) -> HttpCaller | web.Response:
        """Return the caller, or the response that refuses: 401 without a valid credential, 429 while locked out."""
        peer = self.peer(request)
        if peer.rejected:
            message = "Forwarding headers from an address that is not in gateway.trustedProxies"
            return error_response(403, message, "untrusted_proxy")
        if not peer.control and (refused := self._check_secret(request, peer)) is not None:
            return refused
        if self._lobby is not None and request.transport is not None:
            self._lobby.leave(HttpGuest(request.transport))
        # The secret on a link that others can read makes nobody an owner (as in admission.handshake).
        scopes = SCOPES if peer.secure else frozenset(limited(SCOPES))
        scopes = frozenset(under_header(scopes, request.headers.get(SCOPES_HEADER)))
        return HttpCaller("http/owner", peer.direct_local, peer.remote, scopes)

    def _check_secret(self, request: web.BaseRequest, peer: Peer) -> web.Response | None:
        if self.auth.mode is AuthMode.NONE:
            return None
        header = request.headers.get("Authorization", "")
        credential = header[len(_SCHEME) :].strip() if header.lower().startswith(_SCHEME) else ""
        if not credential:
            return unauthorized()
        origin = request.headers.get("Origin")
        exempt = peer.direct_local and origin is None and self._throttle.exempt_local
        source = f"origin:{origin}" if origin is not None and peer.direct_local else peer.remote
        now_ms = self._clock.now_ms()
        if not exempt and (locked_ms := self._throttle.locked_ms(Bucket.SHARED, source, now_ms)):
            response = error_response(429, "Too many failed authentication attempts", "rate_limited")
            response.headers["Retry-After"] = str(-(-locked_ms // 1000))
            return response
        if self.auth.accepts_bearer(credential):
            self._throttle.succeeded(Bucket.SHARED, source)
            return None
        if not exempt:
            self._throttle.failed(Bucket.SHARED, source, now_ms)
        return unauthorized()


def unauthorized() -> web.Response:
    """Return the 401 of protocol.md 1.1."""
    return error_response(401, "Unauthorized", "unauthorized")


def error_response(status: int, message: str, kind: str) -> web.Response:
    """Return an error in the shape of the HTTP endpoints: `{"error": {"message", "type"}}`."""
    body = json.dumps({"error": {"message": message, "type": kind}})
    return web.Response(status=status, text=body, content_type="application/json")
