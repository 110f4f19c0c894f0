from __future__ import annotations

import ipaddress
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from appliance.access.shared import AuthMode, SharedAuth
from appliance.gateway.admission.credential import Rules
from appliance.gateway.bearer import Bearer, HttpCaller
from appliance.protocol.roles import ADMIN, PAIRING, READ, WRITE
from tests.fakes.wire import RULES, TOKEN, Gateway, gateway

BEARER = {"Authorization": f"Bearer {TOKEN}"}


def _routes(bearer: Bearer) -> list[web.RouteDef]:
    async def who(request: web.Request) -> web.Response:
        caller = bearer.check(request)
        if not isinstance(caller, HttpCaller):
            return caller
        if "scopes" in request.query:
            return web.json_response(sorted(caller.scopes))
        return web.json_response({"local": caller.direct_local, "remote": caller.remote})

    return [web.get("/who", who)]


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path, rules=RULES, routes=_routes) as running:
        yield running


async def _get(box: Gateway, **headers: str) -> tuple[int, object]:
    async with box.http.get(f"{box.url}/who", headers={k.replace("_", "-"): v for k, v in headers.items()}) as answer:
        return answer.status, json.loads(await answer.text())


async def test_the_token_opens_and_nothing_else_does(box: Gateway) -> None:
    assert await _get(box, **BEARER) == (200, {"local": True, "remote": "127.0.0.1"})
    assert (await _get(box, Authorization=f"bearer {TOKEN}"))[0] == 200
    refusal = {"error": {"message": "Unauthorized", "type": "unauthorized"}}
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"Authorization": "Bearer "}):
        assert await _get(box, **headers) == (401, refusal)


async def test_the_control_socket_needs_no_bearer(box: Gateway) -> None:
    connector = aiohttp.UnixConnector(str(box.control_socket))
    async with aiohttp.ClientSession(connector=connector) as http, http.get("http://box/who") as answer:
        assert await answer.json() == {"local": True, "remote": "unix"}


async def test_the_token_on_a_link_that_others_can_read_makes_no_admin(tmp_path: Path) -> None:
    proxies = (ipaddress.ip_network("127.0.0.0/8"),)
    async with gateway(tmp_path, rules=RULES, routes=_routes, trusted_proxies=proxies) as box:
        for scheme, owner in (("http", False), ("https", True)):
            headers = {**BEARER, "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": scheme}
            async with box.http.get(f"{box.url}/who?scopes", headers=headers) as answer:
                scopes = await answer.json()
            assert (ADMIN in scopes, PAIRING in scopes, WRITE in scopes) == (owner, owner, True)


@pytest.mark.parametrize(
    ("header", "has", "lacks"),
    [("operator.read", READ, WRITE), ("operator.write", READ, ADMIN), ("nonsense", None, READ)],
)
async def test_a_proxy_may_narrow_what_the_token_gives(box: Gateway, header: str, has: str | None, lacks: str) -> None:
    headers = {**BEARER, "X-OpenClaw-Scopes": header}
    async with box.http.get(f"{box.url}/who?scopes", headers=headers) as answer:
        scopes = await answer.json()
    assert has is None or has in scopes
    assert lacks not in scopes


async def test_a_page_that_guesses_is_locked_and_a_command_is_not(box: Gateway) -> None:
    page = {"Origin": "http://localhost:5173"}
    for _ in range(10):
        assert (await _get(box, Authorization="Bearer wrong", **page))[0] == 401
    assert (await _get(box, **BEARER, **page))[0] == 429
    assert (await _get(box, **BEARER))[0] == 200


async def test_a_proxy_that_is_not_ours_is_refused(box: Gateway) -> None:
    status, _ = await _get(box, **BEARER, X_Forwarded_For="10.0.0.1")
    assert status == 403


async def test_a_new_secret_counts_from_the_next_request_on(box: Gateway) -> None:
    box.server.replace_rules(Rules(SharedAuth(AuthMode.TOKEN, token="new")))
    assert (await _get(box, **BEARER))[0] == 401
    assert (await _get(box, Authorization="Bearer new"))[0] == 200
