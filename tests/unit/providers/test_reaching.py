"""Whether a service is there is found out with a connection alone, and only where one may be made."""

from __future__ import annotations

import asyncio

import pytest

from appliance.generation import FailureKind
from appliance.providers.cloud.address import BaseUrl
from appliance.providers.cloud.dialer import Dialer
from appliance.providers.cooldown import Cooldowns
from appliance.providers.errors import Origin, failure


async def test_a_service_that_listens_is_reached_and_hears_nothing() -> None:
    heard: list[bytes] = []
    closed = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.close()
        closed.set()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    dialer = Dialer()
    async with server:
        assert await dialer.reaches("127.0.0.1", port)
        await closed.wait()
    assert heard == [b""]
    assert not await dialer.reaches("127.0.0.1", port)


async def test_what_is_never_dialled_is_not_tried_either() -> None:
    assert not await Dialer().reaches("169.254.169.254", 80)
    assert not await Dialer(offline=lambda: True).reaches("192.0.2.1", 80)


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://localhost:1/v1", True),
        ("http://[::1]:1/v1", True),
        ("http://192.168.1.20:11434/v1", True),
        ("https://api.example.com/v1", False),
        ("https://8.8.8.8/v1", False),
    ],
)
def test_a_near_service_needs_no_default_route(url: str, near: bool) -> None:
    assert BaseUrl.parse(url).near is near


def test_a_provider_that_was_away_is_asked_at_once_when_it_is_back_but_no_other() -> None:
    cooldowns = Cooldowns()
    for name, kind in (("far", FailureKind.NETWORK), ("poor", FailureKind.BILLING)):
        cooldowns.failed(name, failure(kind, Origin(name)), 0.0)
        cooldowns.reached(name)
    cooldowns.reached("unknown")
    assert cooldowns.resting("far", 1.0) is None
    assert cooldowns.resting("poor", 1.0) is not None
