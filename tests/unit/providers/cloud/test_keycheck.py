"""A key is tried at a service without cost, and a refusal says why without repeating the key."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from appliance.onboarding.model import SERVICES
from appliance.providers.cloud.keycheck import KeyRefusedError, check

_KEY = "sk-good-0123456789"
_asked: list[tuple[str, str]] = []


async def _answer(request: web.Request) -> web.Response:
    _asked.append((request.method, request.path))
    given = {value.removeprefix("Bearer ") for value in request.headers.values()}
    if _KEY in given:
        return web.json_response({"data": []})
    if "sk-moved" in given:
        raise web.HTTPFound("http://203.0.113.9/")
    bad = next(value for value in given if value.startswith("sk-"))
    return web.json_response({"error": {"message": f"Incorrect API key provided: {bad}"}}, status=401)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    _asked.clear()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", _answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/v1"))


@pytest.mark.parametrize("service", SERVICES)
async def test_a_good_key_is_taken_with_one_request_that_generates_nothing(service: str, url: str) -> None:
    await check(service, _KEY, base_url=url, offline=lambda: False)
    assert _asked == [("GET", "/v1/key" if service == "openrouter" else "/v1/models")]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_wrong_key_is_refused_and_not_repeated(service: str, url: str) -> None:
    with pytest.raises(KeyRefusedError, match="does not accept the credentials") as refused:
        await check(service, "sk-wrong-9876543210", base_url=url, offline=lambda: False)
    assert "9876543210" not in str(refused.value)


async def test_a_redirect_does_not_carry_the_key_elsewhere(url: str) -> None:
    with pytest.raises(KeyRefusedError):
        await check("openai", "sk-moved", base_url=url, offline=lambda: False)
    assert len(_asked) == 1


async def test_a_service_that_is_away_is_no_wrong_key(unused_tcp_port: int) -> None:
    with pytest.raises(KeyRefusedError, match="network of the box"):
        await check("openai", _KEY, base_url=f"http://127.0.0.1:{unused_tcp_port}/v1", offline=lambda: False)


async def test_offline_nothing_is_dialled() -> None:
    with pytest.raises(KeyRefusedError, match="offline"):
        await check("openai", _KEY, base_url="http://192.0.2.1/v1", offline=lambda: True)
