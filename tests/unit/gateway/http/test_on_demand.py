"""A route whose handler is made at the first request."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from appliance.gateway.http.on_demand import on_demand


async def _hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


def _anybody(_: web.BaseRequest) -> object:
    return None


async def _ask(route: web.RouteDef) -> web.StreamResponse:
    assert not isinstance(route.handler, type)
    return await route.handler(make_mocked_request(route.method, route.path))


async def test_the_handler_is_made_once_when_somebody_comes() -> None:
    asked = 0

    def make() -> Iterable[web.RouteDef]:
        nonlocal asked
        asked += 1
        return [web.post("/hello", _hello)]

    route = on_demand("POST", "/hello", make, _anybody)
    assert asked == 0
    for _ in range(2):
        assert (await _ask(route)).status == 200
    assert asked == 1


async def test_who_may_not_pass_makes_nothing_load() -> None:
    def make() -> Iterable[web.RouteDef]:
        raise AssertionError("it was made")

    route = on_demand("POST", "/hello", make, lambda request: web.Response(status=401))
    assert (await _ask(route)).status == 401


@pytest.mark.parametrize("made", [web.get("/hello", _hello), web.post("/other", _hello), web.view("/hello", web.View)])
async def test_another_route_than_was_promised_is_a_fault(made: web.RouteDef) -> None:
    with pytest.raises(ValueError, match="promised"):
        await _ask(on_demand("POST", "/hello", lambda: [made], _anybody))
