"""Bearer authentication of the HTTP endpoints: the gateway token or password in `Authorization` (protocol.md 1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from appliance.access.shared import SharedAuth
from appliance.access.throttle import Throttle
from appliance.foundation.clock import Clock
from appliance.gateway.transport.peer import Peer

PEER: Final = web.RequestKey("peer", Peer)


@dataclass(frozen=True, slots=True)
class HttpCaller:
    """Who sent an HTTP request: the owner of the shared secret, which means every operator right."""

    actor: str
    direct_local: bool
    remote: str


class Bearer:
    """Tells whether an HTTP request may pass. Ask it per request: the secret can change while the gateway runs."""

    def __init__(self, auth: SharedAuth, throttle: Throttle, clock: Clock) -> None:
        self._auth = auth
        self._throttle = throttle
        self._clock = clock

    def check(self, request: web.Request) -> HttpCaller | web.Response:
        """Return the caller, or the response that refuses: 401 without a valid credential, 429 while locked out."""
        raise NotImplementedError
