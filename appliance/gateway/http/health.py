"""/health and /healthz: alive. /ready and /readyz: ready for work, with reasons (protocol.md 1.1)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from aiohttp import web

from appliance.gateway.bearer import Bearer
from appliance.gateway.methods.system import condition_rows
from appliance.health import HealthTracker

_LIVE = b'{"ok":true,"status":"live"}'
_JSON = "application/json"
_NO_STORE = {"Cache-Control": "no-store"}


def routes(*, tracker: HealthTracker, bearer: Bearer, uptime_ms: Callable[[], int]) -> list[web.RouteDef]:
    """Return the routes that a supervisor or a load balancer asks."""

    async def live(_: web.Request) -> web.Response:
        return web.Response(body=_LIVE, content_type=_JSON, headers=_NO_STORE)

    async def ready(request: web.Request) -> web.Response:
        good, failing = tracker.ready()
        answer: dict[str, object] = {"ready": good}
        if trusted(request):
            answer |= {
                "failing": list(failing),
                "uptimeMs": uptime_ms(),
                "eventLoop": {"degraded": False},
                "conditions": condition_rows(tracker.conditions()),
            }
        body = msgspec.json.encode(answer)
        return web.Response(status=200 if good else 503, body=body, content_type=_JSON, headers=_NO_STORE)

    def trusted(request: web.Request) -> bool:
        # The reasons name parts of the box: for people on it and for who holds its secret.
        if bearer.peer(request).direct_local:
            return True
        return "Authorization" in request.headers and not isinstance(bearer.check(request), web.StreamResponse)

    return [
        web.get("/health", live),
        web.get("/healthz", live),
        web.get("/ready", ready),
        web.get("/readyz", ready),
    ]
