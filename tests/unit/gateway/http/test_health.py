"""/health and /ready."""

from __future__ import annotations

import aiohttp
import pytest

from appliance.health import Condition, Severity
from tests.unit.gateway.http.server import HttpBox


@pytest.mark.parametrize("path", ["/health", "/healthz"])
async def test_alive_needs_no_secret_and_no_other_verb(http: HttpBox, path: str) -> None:
    async with aiohttp.ClientSession(http.url) as client:
        async with client.get(path) as answer:
            assert (answer.status, await answer.json()) == (200, {"ok": True, "status": "live"})
        async with client.post(path) as answer:
            assert answer.status == 405


@pytest.mark.parametrize("path", ["/ready", "/readyz"])
async def test_ready_tells_reasons_to_this_machine(http: HttpBox, path: str) -> None:
    async with aiohttp.ClientSession(http.url) as client:
        async with client.get(path) as answer:
            assert answer.status == 200
            assert (await answer.json())["ready"] is True
        http.box.tracker.set(Condition("storage_full", "disk", Severity.BLOCKING, "The disk is full.", "Free some."))
        async with client.get(path) as answer:
            assert answer.status == 503
            body = await answer.json()
    assert (body["ready"], body["failing"], body["uptimeMs"]) == (False, ["storage_full"], 5)
    assert body["conditions"][0]["fix"] == "Free some."


async def test_whoever_asks_through_a_proxy_learns_no_reasons(http: HttpBox) -> None:
    http.box.warn()
    headers = {"X-Forwarded-For": "203.0.113.9"}
    async with aiohttp.ClientSession(http.url, headers=headers) as client, client.get("/readyz") as answer:
        assert await answer.json() == {"ready": True}
