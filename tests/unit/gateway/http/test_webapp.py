from __future__ import annotations

import asyncio
import gzip
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from appliance.access.shared import AuthMode, SharedAuth
from appliance.access.throttle import Throttle
from appliance.gateway.bearer import Bearer
from appliance.gateway.http import webapp
from tests.fakes.clock import FakeClock

TOKEN = "webapp-test-token-1234567890"
PAGE = "<!doctype html><title>the app</title>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a build leaves behind, and beside it something that must never be served."""
    built = tmp_path / "webui"
    (built / "assets").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (built / "index.html").write_text(PAGE)
    (built / "assets" / "app-AB.js").write_text("let a = 1;" * 200)
    (built / "assets" / "app-AB.js.gz").write_bytes(gzip.compress(b"let a = 1;" * 200))
    (built / "icon.svg").write_text("<svg/>")
    (built / "unlisted.js").write_text("left over")
    _list(built, ["index.html", "assets/app-AB.js", "icon.svg"])
    return built


def _list(built: Path, names: list[str]) -> None:
    (built / "build.json").write_text(json.dumps({"files": {name: {"raw": 1} for name in names}}))


@pytest.fixture
async def server(folder: Path) -> AsyncIterator[TestServer]:
    bearer = Bearer(SharedAuth(AuthMode.TOKEN, token=TOKEN), Throttle(), FakeClock())
    application = web.Application()

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    about = {"assistantName": "Homarus", "assistantAgentId": "main"}
    application.add_routes(webapp.routes(bearer=bearer, folder=folder, about=lambda: about))
    application.add_routes([web.get("/health", health), web.post("/v1/chat/completions", health)])
    one = TestServer(application)
    await one.start_server()
    yield one
    await one.close()


@pytest.fixture
async def session(server: TestServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(str(server.make_url("/")), auto_decompress=False) as one:
        yield one


async def test_every_path_of_the_app_is_its_page(session: aiohttp.ClientSession) -> None:
    for path in ("/", "/chat", "/chat/agent%3Amain%3Amain", "/devices", "/index.html", "/nowhere/at/all"):
        async with session.get(path) as answer:
            assert (answer.status, await answer.text()) == (200, PAGE), path
            assert answer.headers["Cache-Control"] == "no-cache"


async def test_other_routes_keep_their_paths_and_their_verbs(session: aiohttp.ClientSession) -> None:
    async with session.get("/health") as answer:
        assert await answer.json() == {"ok": True}
    async with session.post("/health") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")
    async with session.get("/v1/chat/completions") as answer:
        assert answer.status == 405


async def test_what_is_no_page_and_no_file_is_not_found(session: aiohttp.ClientSession) -> None:
    for path in ("/v1/models", "/favicon.ico", "/assets/app-CD.js", "/unlisted.js", "/build.json", "/hooks/wake"):
        async with session.get(path) as answer:
            assert answer.status == 404, path
    for verb in ("POST", "PUT", "DELETE"):
        async with session.request(verb, "/chat") as answer:
            assert answer.status == 404


async def test_no_path_leads_out_of_the_build(server: TestServer) -> None:
    for path in ("/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        assert b"secret" not in answer.partition(b"\r\n\r\n")[2], path


async def test_files_with_a_hash_are_kept_for_ever_and_travel_compressed(session: aiohttp.ClientSession) -> None:
    async with session.get("/assets/app-AB.js", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert "immutable" in answer.headers["Cache-Control"]
        assert gzip.decompress(await answer.read()).startswith(b"let a = 1;")
    async with session.get("/assets/app-AB.js", headers={"Accept-Encoding": "identity"}) as answer:
        assert "Content-Encoding" not in answer.headers
        assert (await answer.read()).startswith(b"let a = 1;")


async def test_every_answer_forbids_frames_foreign_code_and_guessing(session: aiohttp.ClientSession) -> None:
    for path in ("/", "/assets/app-AB.js", "/icon.svg", "/nothing.png"):
        async with session.get(path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert "frame-ancestors 'none'" in policy
            assert "require-trusted-types-for 'script'" in policy
            assert "unsafe" not in policy
            assert "http" not in policy
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_a_new_build_is_served_without_a_restart(session: aiohttp.ClientSession, folder: Path) -> None:
    async with session.get("/") as answer:
        assert answer.status == 200
    (folder / "assets" / "app-EF.js").write_text("new")
    (folder / "index.html").write_text(PAGE + "new")
    _list(folder, ["index.html", "assets/app-EF.js"])
    os.utime(folder / "build.json", ns=(1, 1))
    async with session.get("/") as answer:
        assert await answer.text() == PAGE + "new"
    async with session.get("/assets/app-EF.js") as answer:
        assert await answer.text() == "new"
    async with session.get("/assets/app-AB.js") as answer:
        assert answer.status == 404


async def test_without_a_build_the_page_says_how_to_make_one(session: aiohttp.ClientSession, folder: Path) -> None:
    (folder / "build.json").unlink()
    async with session.get("/chat") as answer:
        assert answer.status == 503
        assert "scripts/web" in await answer.text()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_the_settings_of_the_control_ui_need_the_secret(session: aiohttp.ClientSession) -> None:
    async with session.get("/control-ui-config.json") as answer:
        assert answer.status == 401
    async with session.get("/control-ui-config.json", headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        told = await answer.json()
    assert told["assistantName"] == "Homarus"
    assert told["basePath"] == ""
    assert told["allowExternalEmbedUrls"] is False
