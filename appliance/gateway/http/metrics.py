"""GET /metrics: the numbers of this box in the text format of Prometheus, for who holds the gateway token."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from appliance.gateway.bearer import Bearer, HttpCaller
from appliance.gateway.http.openai_frame import guarded
from appliance.telemetry.metrics import CONTENT_TYPE, Metrics, Sample


def routes(
    *, bearer: Bearer, metrics: Metrics, samples: Callable[[], Awaitable[Sequence[Sample]]]
) -> list[web.RouteDef]:
    """Return the route; `samples` is asked at each scrape for the values of that moment."""

    async def scrape(_: web.Request, __: HttpCaller) -> web.Response:
        await asyncio.to_thread(metrics.load)  # the first time takes a tenth of a second
        body = metrics.exposition(await samples())
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})

    return [web.get("/metrics", guarded(bearer, scrape, scope="operator.read"))]
