"""POST /rpc on the control socket."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.unit.gateway.http.server import HttpBox


@pytest.fixture
async def control(http: HttpBox) -> AsyncIterator[aiohttp.ClientSession]:
    """A client on a Unix socket that serves the same routes."""
    runner = http.server.runner
    assert runner is not None
    with tempfile.TemporaryDirectory(prefix="hs") as folder:
        path = str(Path(folder) / "c.sock")
        await web.UnixSite(runner, path).start()
        async with aiohttp.ClientSession("http://localhost", connector=aiohttp.UnixConnector(path)) as client:
            yield client


async def test_a_method_is_one_request_without_a_secret(control: aiohttp.ClientSession) -> None:
    async with control.post("/rpc", json={"method": "agents.list", "params": {}}) as answer:
        frame = await answer.json()
    assert frame["ok"] is True
    assert frame["payload"]["defaultId"] == "main"


async def test_of_two_answers_the_last_one_counts(control: aiohttp.ClientSession) -> None:
    params = {"message": "Hi", "idempotencyKey": "k1"}
    async with control.post("/rpc", json={"method": "agent", "params": params}) as answer:
        frame = await answer.json()
    assert frame["payload"]["status"] == "ok"


async def test_an_error_has_the_shape_of_a_frame(control: aiohttp.ClientSession) -> None:
    async with control.post("/rpc", json={"method": "nope"}) as answer:
        frame = await answer.json()
    assert frame["error"] == {"code": "INVALID_REQUEST", "message": "unknown method: nope"}


async def test_what_is_no_request_is_refused(control: aiohttp.ClientSession) -> None:
    async with control.post("/rpc", data=b"[]") as answer:
        assert answer.status == 400
