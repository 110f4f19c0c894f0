"""GET /j/<code>: a short link that hands out a setup code, for a node that is set up by one pasted line."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from aiohttp import web

from appliance.foundation.clock import Clock
from appliance.foundation.ids import new_token
from appliance.gateway.bearer import Bearer, error_response
from appliance.identity.setup.store import SetupCodes

_MAX_LINKS: Final = 32
"""As many as there are live setup codes."""

_HEADERS: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}


class Joins:
    """Short links to setup codes, in memory only: a restart ends them, the code itself still works.

    A link lives as long as its code can be spent. Its 256 random bits are the secret; there is nothing to guess.
    """

    def __init__(self, codes: SetupCodes, clock: Clock, draw: Callable[[], str] = new_token) -> None:
        self._codes = codes
        self._clock = clock
        self._draw = draw
        self._links: OrderedDict[str, tuple[str, str]] = OrderedDict()

    def add(self, setup_code: str, setup_id: str, gateway_url: str) -> str:
        """Keep a link to `setup_code` and return it, under the address that the code names first."""
        for name in [name for name, (known, _) in self._links.items() if not self._live(known)]:
            del self._links[name]
        while len(self._links) >= _MAX_LINKS:
            self._links.popitem(last=False)
        name = self._draw()
        self._links[name] = (setup_id, setup_code)
        scheme, rest = gateway_url.split("://", 1)
        return f"{'https' if scheme == 'wss' else 'http'}://{rest}/j/{name}"

    def find(self, name: str) -> str | None:
        """Return the setup code behind a link while it can be spent."""
        setup_id, code = self._links.get(name, ("", None))
        return code if code is not None and self._live(setup_id) else None

    def _live(self, setup_id: str) -> bool:
        status = self._codes.status(setup_id, self._clock.now_ms())
        return status is not None and status.live


def routes(*, bearer: Bearer, joins: Joins) -> list[web.RouteDef]:
    """Return the route. Over plain HTTP it exists on this machine only: others could read the code along."""

    async def join(request: web.Request) -> web.Response:
        if not bearer.peer(request).secure:
            message = "Use https:// for this link; over http:// others could read the code."
            return error_response(403, message, "tls_required")
        code = joins.find(request.match_info["code"])
        if code is None:
            message = "This link was used or is older than ten minutes. Make a new one with `homarus pair`."
            return error_response(404, message, "not_found")
        return web.Response(text=f"{code}\n", headers=_HEADERS)

    return [web.get("/j/{code}", join, allow_head=False)]
