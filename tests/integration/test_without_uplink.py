"""Without a connection a question is kept, through a power cut, and answered once when the service is back."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.fakes.cloud.openai_chat import OpenAIChatWire
from tests.fakes.cloud.script import Answer, Say
from tests.fakes.cloud.server import KEY, serve
from tests.integration.box import asked, no_engine, said, talking
from tests.integration.gateway_process import GatewayProcess


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def cut_off(folder: Path, **sections: Any) -> AsyncIterator[tuple[GatewayProcess, int]]:
    """Run a gateway whose one service listens nowhere yet, on the port that is given."""
    port = free_port()
    service = {"baseUrl": f"http://127.0.0.1:{port}/v1", "apiKey": KEY, "models": [{"id": "big"}]}
    config = {
        "models": {"providers": {"far": service}},
        "agents": {"defaults": {"model": "far/big"}},
        **sections,
    }
    gateway = GatewayProcess(folder / "box", config, **no_engine(folder))
    await asyncio.to_thread(gateway.start)
    try:
        yield gateway, port
    finally:
        await asyncio.to_thread(gateway.stop)


async def test_a_question_is_kept_through_a_power_cut_and_answered_exactly_once(tmp_path: Path) -> None:
    async with cut_off(tmp_path) as (gateway, port):
        async with talking(gateway.target) as talk:
            words = await talk.ask("What happened in the news about the harbour?", "k1")
            assert "I cannot answer that without a connection. I tried: far/big" in words
            assert "I keep the question" in words
            second = await talk.ask("Who wrote the second report about it?", "k2")
            assert "I keep the question" in second
        await asyncio.to_thread(gateway.kill)
        await asyncio.to_thread(gateway.start)
        status = await asyncio.to_thread(gateway.homarus, "status")
        assert "2 questions wait for the connection." in status.stdout
        async with talking(gateway.target) as talk:
            listed = await talk.ask("/later", "k3")
            assert "harbour" in listed
            async with serve(OpenAIChatWire(), port) as cloud:
                cloud.script(Answer((Say("A ship came in."),)), Answer((Say("The captain did."),)))
                first = said((await talk.state("later:k1:1"))["message"])
                assert first.startswith("You asked at ")
                assert first.endswith("“What happened in the news about the harbour?”\n\nA ship came in.")
                assert said((await talk.state("later:k2:1"))["message"]).endswith("The captain did.")
                assert await talk.ask("/later", "k4") == "No question waits for the connection."
                assert len(cloud.requests) == 2
                assert asked(cloud)[0][-1] == "What happened in the news about the harbour?"
                await asyncio.to_thread(gateway.kill)
                await asyncio.to_thread(gateway.start)
                assert await asyncio.to_thread(waits, gateway) == 0
                assert len(cloud.requests) == 2


def waits(gateway: GatewayProcess) -> int:
    """Return how often the status says that something is kept."""
    return sum(one["code"] == "questions_kept" for one in gateway.call("status")["conditions"])


async def test_what_is_kept_can_be_dropped_in_the_words_of_the_person(tmp_path: Path) -> None:
    async with cut_off(tmp_path) as (gateway, _), talking(gateway.target) as talk:
        await talk.ask("What happened in the news about the harbour?", "k1")
        assert await asyncio.to_thread(waits, gateway) == 1
        dropped = await talk.ask("Forget it!", "k2")
        assert dropped == "Dropped: “What happened in the news about the harbour?”."
        assert await asyncio.to_thread(waits, gateway) == 0


async def test_an_owner_who_forbids_the_connection_is_not_promised_an_answer(tmp_path: Path) -> None:
    service = {"baseUrl": "http://192.0.2.1/v1", "apiKey": KEY, "models": [{"id": "big"}]}
    models = {"providers": {"far": service}}
    async with cut_off(tmp_path, offline=True, models=models) as (gateway, _), talking(gateway.target) as talk:
        words = await talk.ask("What happened in the news about the harbour?", "k1")
        assert "I do not keep the question either, because `offline` is true." in words
        assert await asyncio.to_thread(waits, gateway) == 0
