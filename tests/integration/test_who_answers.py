"""Which model answers, and what the person reads when none can."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import socket
import sqlite3
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.fakes.cloud.openai_chat import OpenAIChatWire
from tests.fakes.cloud.script import Answer, Fault, FaultKind, HangUp, Say
from tests.fakes.cloud.server import FakeCloud, serve
from tests.integration.box import cloud_box, cloud_config, no_engine, provider, said, talking
from tests.integration.gateway_process import GatewayProcess

_SIOCGIFADDR = 0x8915  # linux/sockios.h


@asynccontextmanager
async def two_services(folder: Path, **sections: Any) -> AsyncIterator[tuple[GatewayProcess, FakeCloud, FakeCloud]]:
    """Run a gateway that asks `first/big`, then `second/big`."""
    async with AsyncExitStack() as stack:
        clouds = [await stack.enter_async_context(serve(OpenAIChatWire())) for _ in range(2)]
        config = {
            "models": {"providers": {"first": provider(clouds[0]), "second": provider(clouds[1])}},
            "agents": {"defaults": {"model": {"primary": "first/big", "fallbacks": ["second/big"]}}},
            **sections,
        }
        gateway = GatewayProcess(folder / "box", config, **no_engine(folder))
        await asyncio.to_thread(gateway.start)
        try:
            yield gateway, clouds[0], clouds[1]
        finally:
            await asyncio.to_thread(gateway.stop)


async def test_the_next_service_answers_when_the_first_fails(tmp_path: Path) -> None:
    async with two_services(tmp_path) as (gateway, first, second), talking(gateway.target) as talk:
        first.script(Fault(FaultKind.AUTH))
        second.script(Answer((Say("The second speaks."),)))
        assert await talk.ask("who is there", "k1") == "The second speaks."
        assert (len(first.requests), len(second.requests)) == (1, 1)


async def test_an_answer_that_breaks_off_after_words_is_an_error_and_no_second_answer(tmp_path: Path) -> None:
    async with two_services(tmp_path) as (gateway, first, second), talking(gateway.target) as talk:
        first.script(Answer((Say("Half of an answer that will never be whole."),), break_after=4))
        end = await talk.state(await talk.send("go on", "k1"))
        assert end["state"] == "error"
        assert end["errorMessage"].startswith("The answer broke off")
        assert not second.requests
        assert await talk.ask("once more", "k2") == "Hello there."


async def test_when_nobody_can_answer_the_person_reads_one_sentence_and_the_run_tells_all(tmp_path: Path) -> None:
    async with two_services(tmp_path) as (gateway, first, second), talking(gateway.target) as talk:
        first.script(Fault(FaultKind.AUTH))
        second.script(Fault(FaultKind.BILLING))
        end = await talk.state(await talk.send("anyone", "k1"))
        assert end["state"] == "error"
        assert end["errorMessage"].startswith("No model could answer: ")
        assert "models.providers.first.apiKey" in end["errorMessage"]
        assert end["errorDetail"] == {"provider": "second", "model": "big", "failoverReason": "billing"}
        assert first.key not in str(end)
        first.choose = second.choose = lambda _: Fault(FaultKind.AUTH)
        asked = await asyncio.to_thread(gateway.homarus, "ask", "anyone")
        assert asked.returncode == 1
        assert asked.stderr.startswith("homarus: No model could answer: ")
        assert asked.stderr.count("\n") == 1
    with sqlite3.connect(gateway.state / "homarus.sqlite") as database:
        (stored,) = database.execute("SELECT error FROM runs WHERE run_id = 'k1'").fetchone()
    database.close()
    attempts = msgspec.json.decode(stored)["attempts"]
    assert [(one["model"], one["kind"]) for one in attempts] == [("first/big", "auth"), ("second/big", "billing")]


async def test_a_corrected_configuration_asks_again_at_once(tmp_path: Path) -> None:
    """After a wrong key a service rests for a minute; whoever has just mended it must not wait for that."""
    wrong = {"baseUrl": "", "apiKey": "wrong", "models": [{"id": "big"}]}

    def config(cloud: FakeCloud) -> dict[str, Any]:
        return cloud_config(cloud, models={"providers": {"fake": {**wrong, "baseUrl": cloud.url}}})

    async with cloud_box(tmp_path, config) as (gateway, cloud), talking(gateway.target) as talk:
        assert (await talk.state(await talk.send("one", "k1")))["state"] == "error"
        done = await asyncio.to_thread(gateway.homarus, "config", "set", "models.providers.fake.apiKey", cloud.key)
        assert done.returncode == 0, done.stderr
        assert await talk.ask("two", "k2") == "Hello there."


async def test_offline_never_dials(tmp_path: Path) -> None:
    address = outer_address()
    dialled = asyncio.Event()
    server = await asyncio.start_server(lambda _, __: dialled.set(), address, 0)
    async with server:
        url = f"http://{address}:{server.sockets[0].getsockname()[1]}"

        def config(cloud: FakeCloud) -> dict[str, Any]:
            outside = {"baseUrl": f"{url}/v1", "apiKey": "k", "models": [{"id": "big"}]}
            services = {"outside": outside, "inside": provider(cloud)}
            model = {"primary": "outside/big"}
            return {"offline": True, "models": {"providers": services}, "agents": {"defaults": {"model": model}}}

        async with cloud_box(tmp_path, config) as (gateway, _), talking(gateway.target) as talk:
            end = await talk.state(await talk.send("anyone out there", "k1"))
            assert (end["state"], "`offline` is true" in said(end["message"])) == ("final", True)
            pulled = await asyncio.to_thread(gateway.homarus, "models", "pull", f"{url}/a.gguf")
            assert (pulled.returncode, "offline" in pulled.stderr) == (1, True)
            assert not dialled.is_set()
            for path, value in (("agents.defaults.model", "inside/big"), ("offline", "true")):
                done = await asyncio.to_thread(gateway.homarus, "config", "set", path, value)
                assert done.returncode == 0, done.stderr
            assert await talk.ask("a service on this box may answer", "k2") == "Hello there."
            assert not dialled.is_set()


def outer_address() -> str:
    """Return an address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):
                request = struct.pack("256s", name.encode()[:15])
                found = socket.inet_ntoa(fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)[20:24])
                if not found.startswith("127."):
                    return found
    pytest.skip("this machine has no address beside loopback")


async def test_without_engine_and_without_key_the_person_reads_what_to_do(tmp_path: Path) -> None:
    gateway = GatewayProcess(tmp_path / "box", **no_engine(tmp_path))
    await asyncio.to_thread(gateway.start)
    try:
        asked = await asyncio.to_thread(gateway.homarus, "ask", "what is the capital of France")
        said = asked.stdout + asked.stderr
        assert "homarus models recommend" in said
        assert "apiKey" in said
        doctor = await asyncio.to_thread(gateway.homarus, "doctor")
        assert doctor.returncode == 1
        assert "No model can run on this box: the local engine is not set up: run scripts/engine" in doctor.stdout
    finally:
        await asyncio.to_thread(gateway.stop)


async def test_without_engine_the_cloud_still_answers(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, _), talking(gateway.target) as talk:
        assert await talk.ask("hello", "k1") == "Hello there."
        status = await asyncio.to_thread(gateway.call, "status")
        assert [one["code"] for one in status["conditions"]] == ["engine_absent"]


async def test_a_service_that_hangs_up_is_tried_again_before_it_counts_as_failed(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, cloud), talking(gateway.target) as talk:
        cloud.script(HangUp(), Answer((Say("Here I am."),)))
        assert await talk.ask("hello", "k1") == "Here I am."
        assert len(cloud.requests) == 2
