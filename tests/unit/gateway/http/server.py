"""The HTTP routes on a real port, over a box (tests.unit.gateway.methods.box)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from appliance.access.shared import AuthMode, SharedAuth
from appliance.access.throttle import Throttle
from appliance.gateway.bearer import Bearer
from appliance.gateway.http import chat_completions, embeddings, health, models, responses, rpc
from appliance.gateway.http.embeddings import Embedded
from appliance.gateway.http.exchange import Exchanges
from appliance.gateway.http.run_streams import RunStreams
from tests.fakes.provider import ScriptedProvider
from tests.unit.gateway.methods.box import AGENTS, Box, open_box

TOKEN = "http-test-token-1234567890"
AUTH = {"Authorization": f"Bearer {TOKEN}"}


class TwoNumbers:
    """Embeds every text as its length and a half; `able` False is a box without such a model."""

    able = True

    async def embed(self, model: str | None, texts: Sequence[str]) -> Embedded | None:
        if not self.able or model == "fake/one":
            return None
        return Embedded(model or "fake/embed", [[float(len(text)), 0.5] for text in texts])


class HttpBox:
    """A box with its HTTP routes."""

    def __init__(self, box: Box, embedder: TwoNumbers) -> None:
        self.box = box
        self.embedder = embedder
        self.streams = RunStreams(box.bus)
        bearer = Bearer(SharedAuth(AuthMode.TOKEN, token=TOKEN), Throttle(), box.clock)
        exchanges = Exchanges(
            store=box.store,
            dispatcher=box.dispatcher,
            sender=box.sender,
            streams=self.streams,
            blobs=box.blobs,
            addressing=box.addressing,
            models=box.models,
            direct=box,
            clock=box.clock,
        )
        application = web.Application()
        application.add_routes(
            [
                *health.routes(tracker=box.tracker, bearer=bearer, uptime_ms=lambda: 5),
                *models.routes(bearer=bearer, agents=lambda: AGENTS),
                *chat_completions.routes(bearer=bearer, exchanges=exchanges, clock=box.clock),
                *responses.routes(bearer=bearer, exchanges=exchanges, clock=box.clock),
                *embeddings.routes(bearer=bearer, embedder=embedder),
                *rpc.routes(bearer=bearer, rpc=box.rpc),
            ]
        )
        self.server = TestServer(application)

    @property
    def url(self) -> str:
        return str(self.server.make_url("")).rstrip("/")

    @property
    def provider(self) -> ScriptedProvider:
        return self.box.provider


@asynccontextmanager
async def open_http(root: Path, provider: ScriptedProvider | None = None) -> AsyncIterator[HttpBox]:
    """Open a box and serve it on a free port."""
    async with open_box(root, provider) as box:
        http = HttpBox(box, TwoNumbers())
        await http.server.start_server()
        try:
            yield http
        finally:
            await http.server.close()
