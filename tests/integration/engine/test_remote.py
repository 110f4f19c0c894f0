"""The engine of another box over TLS: whole requests, and states that go on there."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.engine import api
from appliance.engine.remote.carrying import Carrier
from appliance.engine.remote.client import Address, PeerClient
from tests.integration.engine.asking import ask, chat, fingerprint
from tests.integration.engine.peers import Served, served
from tests.integration.engine.process import EngineProcess
from tests.integration.engine.proofs.test_checkpoints import _made as made

pytestmark = pytest.mark.engine

_STORY = "a quite long story about nothing at all " * 12


def story_frame(text: str = _STORY, *, words: int | None = 12, key: str = "s1") -> api.Generate:
    return api.Generate(chat(text), words, 0, session_key=key, watch=False)


@pytest.fixture(scope="module")
def here(folder: Path, random_model: Path) -> Iterator[EngineProcess]:
    process = EngineProcess(folder / "here.sock", random_model, "--state", str(folder / "here-state"))
    yield process
    assert process.stop() == 0


@pytest.fixture(scope="module")
def there(folder: Path, random_model: Path) -> Iterator[Served]:
    with served(folder, "there", random_model) as box:
        yield box


async def test_a_paired_box_answers_like_this_one(here: EngineProcess, there: Served) -> None:
    client = there.client()
    mine, theirs = await ask(here.client, story_frame()), await ask(client, story_frame())
    assert theirs.text == mine.text
    assert await fingerprint(client) == await fingerprint(here.client)
    assert await client.tokenize("hello") == await here.client.tokenize("hello")


async def test_a_state_goes_on_there_with_the_same_words(here: EngineProcess, there: Served) -> None:
    text = "another story " * 40
    expected = await ask(here.client, story_frame(text, key="s2"))
    client = there.client()
    assert await fingerprint(client) == await fingerprint(here.client)
    carrier = Carrier(lambda: here.client, client, time.monotonic)
    carried = await carrier.carry(chat(text), "s2")
    assert carried.reason == ""
    assert carried.tokens > 400
    assert carrier.link.bytes_s > 0
    heard = await ask(client, story_frame(text, key="s2"))
    assert heard.text == expected.text
    assert (heard.done.restored, heard.done.cached_tokens) == ("peer", carried.tokens)
    again = await carrier.carry(chat(text), "s2")
    assert (again.tokens, again.reason) == (0, "known there")


async def test_over_a_slow_link_the_text_travels_alone(here: EngineProcess, there: Served) -> None:
    text = "a third story " * 40
    await ask(here.client, story_frame(text, key="s3"))
    client = there.client()
    carrier = Carrier(lambda: here.client, client, time.monotonic)
    carrier.link.took(70_000, 700.0)
    carried = await carrier.carry(chat(text), "s3")
    assert (carried.tokens, carried.reason) == (0, "the text is read faster there")
    assert (await ask(client, story_frame(text, key="s3"))).done.restored != "peer"


@asynccontextmanager
async def _cutting(port: int, limit: int) -> AsyncIterator[int]:
    """Pass connections on to `port`, and cut each one that sends more than `limit` bytes."""

    serving: set[asyncio.Task[None]] = set()

    async def pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter, left: float) -> None:
        with contextlib.suppress(OSError):
            while (data := await source.read(4096)) and (left := left - len(data)) >= 0:
                target.write(data)
                await target.drain()
        target.transport.abort()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pipe(reader, far_writer, limit), pipe(far_reader, writer, float("inf")))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.wait_for(asyncio.gather(*serving), 10)


async def test_a_link_that_is_cut_in_the_middle_of_a_state_costs_only_the_state(
    here: EngineProcess, there: Served
) -> None:
    text = "a fourth story " * 40
    expected = await ask(here.client, story_frame(text, key="s4"))
    async with _cutting(there.port, 60_000) as port:
        client = PeerClient("attic", Address("127.0.0.1", port), there.guest.identity, there.box.pin)
        carrier = Carrier(lambda: here.client, client, time.monotonic)
        carrier.link.took(1 << 30, 1.0)
        carried = await carrier.carry(chat(text), "s4")
        assert carried.tokens == 0
        assert "attic" in carried.reason
        heard = await ask(client, story_frame(text, key="s4"))
        assert heard.done.restored != "peer"
        assert heard.text == expected.text


@pytest.mark.parametrize("shape", ["recurrent", "hybrid", "sliding"])
async def test_states_that_cannot_be_cut_go_on_there_too(folder: Path, shape: str) -> None:
    model = made(shape, folder / f"remote-{shape}.gguf")
    options = ("--context", "1024", "--cells", "1024")
    first = {"role": "user", "content": "a quite long story " * 8}
    more = [first, {"role": "assistant", "content": "Yes."}, {"role": "user", "content": "go on"}]
    turns = [api.Generate(api.Chat(said), 6, 0, session_key="s", watch=False) for said in ([first], more)]
    process = EngineProcess(folder / "h.sock", model, *options, "--state", str(folder / f"h-{shape}"))
    try:
        with served(folder, f"i-{shape}", model, *options) as box:
            client = box.client()
            await ask(client, story_frame("so that its speed is known", words=2))
            await ask(process.client, turns[0])
            assert await fingerprint(client) == await fingerprint(process.client)
            carrier = Carrier(lambda: process.client, client, time.monotonic)
            carrier.link.took(1 << 30, 0.001)
            carried = await carrier.carry(api.Chat(more), "s")
            assert carried.tokens > 64, carried.reason
            heard = await ask(client, turns[1])
            assert (heard.done.restored, heard.done.cached_tokens) == ("peer", carried.tokens)
            assert heard.text == (await ask(process.client, turns[1])).text
    finally:
        assert process.stop() == 0
