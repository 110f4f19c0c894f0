"""A connection that comes back: real sockets, a gateway that does what the test says."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from appliance.client.connection import Connection
from appliance.client.errors import ConnectRefused
from appliance.client.lasting import Lasting, News, Seams, Waiting, pair
from appliance.client.membership import Membership
from appliance.client.target import Introduction
from appliance.foundation.backoff import Backoff
from appliance.foundation.clock import SystemClock
from appliance.identity.box_key import BoxKey
from tests.certificates import papers

_WHO = Introduction(client_id="node-host", mode="node", role="node", scopes=())
_CHALLENGE = {"type": "event", "event": "connect.challenge", "payload": {"nonce": "n", "ts": 1}}


def _welcome(token: str = "T") -> dict[str, Any]:
    return {"ok": True, "payload": {"type": "hello-ok", "auth": {"role": "node", "deviceToken": token}}}


def _refusal(code: str, **details: Any) -> dict[str, Any]:
    return {"ok": False, "error": {"code": "NOT_PAIRED", "message": "no", "details": {"code": code, **details}}}


class Door:
    """Answers each connect with the next of `answers` (the last one again and again) and keeps what was asked."""

    def __init__(self, *answers: dict[str, Any], stay: bool = False) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.stay = stay

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(_CHALLENGE)
        asked = await socket.receive_json()
        self.asked.append(asked["params"])
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await socket.send_json({"type": "res", "id": asked["id"], **answer})
        if answer["ok"] and self.stay:
            await socket.receive()
        await socket.close()
        return socket


@asynccontextmanager
async def opened(door: Door, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/", door.handle)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield f"{'wss' if tls else 'ws'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Life:
    """A lasting connection, what it told and what it remembered."""

    def __init__(self, membership: Membership, key: BoxKey, look_around: Any = None) -> None:
        self.news: list[News] = []
        self.remembered: list[Membership] = []
        seams = Seams(self.remembered.append, self.news.append, SystemClock(), look_around, Backoff(0.01, 0.02))
        self.task = asyncio.ensure_future(Lasting(membership, key, _WHO, seams).keep(self._serve))

    async def _serve(self, connection: Connection) -> None:
        async for _ in connection.events():
            pass

    async def until(self, wanted: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not wanted() and not self.task.done():
                await asyncio.sleep(0.005)

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
def key(tmp_path: Path) -> BoxKey:
    return BoxKey.open(tmp_path / "device.key")


async def test_it_comes_back_with_the_token_that_it_was_given(key: BoxKey) -> None:
    door = Door(_welcome("first"))
    async with opened(door) as url:
        life = Life(Membership((url,)), key)
        await life.until(lambda: len(door.asked) >= 3)
        await life.end()
    assert "auth" not in door.asked[0]
    assert [one["auth"]["deviceToken"] for one in door.asked[1:3]] == ["first", "first"]
    assert life.remembered == [Membership((url,), None, {"node": "first"})]


async def test_every_address_is_tried_and_the_good_one_first_next_time(key: BoxKey) -> None:
    async with opened(Door(_welcome(), stay=True)) as url:
        life = Life(Membership(("ws://127.0.0.1:1", url)), key)
        await life.until(lambda: bool(life.remembered))
        await life.end()
    assert [one.waiting for one in life.news] == [Waiting.AWAY, None]
    assert life.remembered[0].urls == (url, "ws://127.0.0.1:1")


async def test_it_waits_for_the_owner_and_says_under_which_request(key: BoxKey) -> None:
    door = Door(_refusal("PAIRING_REQUIRED", requestId="4f2a"), _welcome(), stay=True)
    async with opened(door) as url:
        life = Life(Membership((url,)), key)
        await life.until(lambda: bool(life.news) and life.news[-1].waiting is None)
        await life.end()
    assert (life.news[0].waiting, life.news[0].details["requestId"]) == (Waiting.APPROVAL, "4f2a")


async def test_a_clock_that_is_set_while_it_comes_in_ends_no_membership(key: BoxKey) -> None:
    door = Door(_refusal("DEVICE_AUTH_SIGNATURE_EXPIRED"), _welcome(), stay=True)
    async with opened(door) as url:
        life = Life(Membership((url,)), key)
        await life.until(lambda: bool(life.news) and life.news[-1].waiting is None)
        await life.end()
    assert [one.waiting for one in life.news] == [Waiting.AWAY, None]


async def test_a_revoked_token_ends_it(key: BoxKey) -> None:
    async with opened(Door(_refusal("AUTH_DEVICE_TOKEN_MISMATCH"))) as url:
        life = Life(Membership((url,), None, {"node": "revoked"}), key)
        with pytest.raises(ConnectRefused):
            await asyncio.wait_for(life.task, 10)
    assert [one.waiting for one in life.news] == [Waiting.REFUSED]


async def test_only_the_pinned_certificate_is_let_in(key: BoxKey, tmp_path: Path) -> None:
    mine, strangers = papers(tmp_path, "mine"), papers(tmp_path, "strangers")
    door, false_door = Door(_welcome(), stay=True), Door(_welcome())
    async with opened(false_door, _context(strangers)) as false_url, opened(door, _context(mine)) as url:
        pin = mine.pin.replace(":", "").lower()
        life = Life(Membership((false_url, url), pin), key)
        await life.until(lambda: bool(life.remembered))
        await life.end()
    assert [one.waiting for one in life.news] == [Waiting.CERTIFICATE, None]
    assert not false_door.asked  # it heard nothing of us


async def test_a_gateway_that_moved_is_found_by_its_certificate(key: BoxKey, tmp_path: Path) -> None:
    mine = papers(tmp_path, "mine")
    pin = mine.pin.replace(":", "").lower()
    async with opened(Door(_welcome(), stay=True), _context(mine)) as url:

        async def look_around(membership: Membership) -> tuple[str, ...]:
            assert membership.fingerprint == pin
            return (url,)

        life = Life(Membership(("wss://127.0.0.1:1",), pin), key, look_around)
        await life.until(lambda: bool(life.remembered))
        await life.end()
    assert life.remembered[0].urls == (url, "wss://127.0.0.1:1")


async def test_an_advert_with_our_certificate_and_a_strangers_address_moves_nobody(key: BoxKey, tmp_path: Path) -> None:
    mine, strangers = papers(tmp_path, "mine"), papers(tmp_path, "strangers")
    door, false_door, plain_door = Door(_welcome(), stay=True), Door(_welcome()), Door(_welcome())
    pin = mine.pin.replace(":", "").lower()
    async with (
        opened(false_door, _context(strangers)) as false_url,
        opened(plain_door) as plain_url,
        opened(door, _context(mine)) as url,
    ):
        answers = [(plain_url, false_url), (plain_url, false_url, url)]

        async def look_around(membership: Membership) -> tuple[str, ...]:
            return answers.pop(0) if len(answers) > 1 else answers[0]

        life = Life(Membership(("wss://127.0.0.1:1",), pin), key, look_around)
        await life.until(lambda: bool(life.remembered))
        await life.end()
    assert not false_door.asked  # neither our token nor our name
    assert not plain_door.asked
    assert life.remembered[0].urls == (url, "wss://127.0.0.1:1")
    assert life.remembered[0].fingerprint == pin


async def test_the_network_is_searched_at_once_when_somebody_else_has_the_address(key: BoxKey, tmp_path: Path) -> None:
    mine, strangers = papers(tmp_path, "mine"), papers(tmp_path, "strangers")
    pin, rounds = mine.pin.replace(":", "").lower(), []
    async with opened(Door(_welcome()), _context(strangers)) as url:

        async def look_around(membership: Membership) -> tuple[str, ...]:
            rounds.append([one.waiting for one in life.news])
            return ()

        life = Life(Membership((url,), pin), key, look_around)
        await life.until(lambda: bool(rounds))
        await life.end()
    assert rounds[0] == [Waiting.CERTIFICATE]


async def test_what_stays_as_it_is_is_told_once(key: BoxKey) -> None:
    rounds = 0

    async def look_around(membership: Membership) -> tuple[str, ...]:
        nonlocal rounds
        rounds += 1
        return ()

    life = Life(Membership(("wss://127.0.0.1:1",), "ab" * 32), key, look_around)
    await life.until(lambda: rounds >= 2)  # six rounds before a door that stays closed
    await life.end()
    assert [one.waiting for one in life.news] == [Waiting.AWAY]


async def test_pairing_presents_the_code_once_and_signs_it(key: BoxKey) -> None:
    door = Door(_welcome("given"))
    async with opened(door) as url:
        joined = await pair(Membership(("ws://127.0.0.1:1", url)), "bootstrap", key, _WHO)
    assert joined.tokens == {"node": "given"}
    assert joined.urls[0] == url
    (asked,) = door.asked
    assert asked["auth"] == {"bootstrapToken": "bootstrap"}
    assert asked["device"]["id"] == key.device_id


def _context(paper: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paper.identity.certificate, paper.identity.key)
    return context
