"""The engine under pressure: cancels, full queues, broken clients, sudden death."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.engine import api
from appliance.engine.api import Generate, Raw
from appliance.engine.client import EngineClient
from appliance.foundation.backoff import Backoff
from appliance.foundation.clock import SystemClock
from appliance.generation import FailureKind, ModelError
from appliance.supervisor.process import ChildProcess, ChildSpec, ChildState, ChildStatus
from tests.integration.engine.asking import Heard, ask, chat
from tests.integration.engine.process import EngineProcess, argv, home

pytestmark = pytest.mark.engine

_LONG = "a quite long story about nothing at all " * 380  # about 15,000 tokens
_MEDIUM = _LONG[:6000]  # two of them fit into the cache
_DEADLINE_S = 60.0


async def _until_idle(client: EngineClient) -> None:
    async with asyncio.timeout(_DEADLINE_S):
        while (info := await client.info()).active or info.waiting:
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def _connected(engine: EngineProcess) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_unix_connection(str(engine.socket))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _answer(reader: asyncio.StreamReader) -> api.Answer:
    async with asyncio.timeout(_DEADLINE_S):
        header = await reader.readexactly(api.HEADER_BYTES)
        return api.decode_answer(await reader.readexactly(api.body_length(header)))


async def test_a_cancel_ends_the_reading_of_a_long_prompt(slow_engine: EngineProcess) -> None:
    async with _connected(slow_engine) as (reader, writer):
        writer.write(api.encode(Generate(Raw([_LONG]), max_tokens=5)))
        progress = await _answer(reader)
        while isinstance(progress, api.Progress) and progress.done == 0:
            progress = await _answer(reader)
        assert isinstance(progress, api.Progress)
        writer.write(api.encode(api.Cancel()))
        last = progress
        while isinstance(answer := await _answer(reader), api.Progress):
            last = answer
        assert isinstance(answer, api.Done)
        assert (answer.stop, answer.output_tokens) == ("cancelled", 0)
        assert last.done < last.total
        # the connection serves on, and so does the cache behind it
        writer.write(api.encode(Generate(Raw(["short"]), max_tokens=3, temperature=0)))
        while not isinstance(answer := await _answer(reader), api.Done):
            pass
        assert answer.output_tokens == 3


async def test_what_was_read_before_a_cancel_is_not_read_again(slow_engine: EngineProcess) -> None:
    frame = Generate(Raw([_LONG]), max_tokens=2, session_key="kept")
    done = 0
    async with contextlib.aclosing(slow_engine.client.generate(frame)) as answer:
        async for item in answer:
            if isinstance(item, api.Progress) and item.done > 300:
                done = item.done
                break
    await _until_idle(slow_engine.client)
    async with contextlib.aclosing(slow_engine.client.generate(frame)) as answer:
        first = await anext(answer)
    assert isinstance(first, api.Progress)
    assert first.cached >= done
    await _until_idle(slow_engine.client)


async def test_leaving_in_mid_answer_frees_the_engine(slow_engine: EngineProcess) -> None:
    frame = Generate(chat("hello"), max_tokens=10_000, temperature=1.0)
    async with contextlib.aclosing(slow_engine.client.generate(frame)) as answer:
        async for item in answer:
            if isinstance(item, api.Token):
                break
    await _until_idle(slow_engine.client)


async def test_others_go_on_while_a_long_prompt_is_read(slow_engine: EngineProcess) -> None:
    order: list[str] = []

    async def read_long() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            async for item in slow_engine.client.generate(Generate(Raw([_LONG]), max_tokens=1, session_key="l")):
                order.append(type(item).__name__)

    task = asyncio.ensure_future(read_long())
    async with asyncio.timeout(_DEADLINE_S):
        while "Progress" not in order:
            await asyncio.sleep(0.01)
    short = Generate(chat("a short question that nobody asked before"), max_tokens=20, temperature=0)
    heard = await ask(slow_engine.client, short)
    assert heard.done.output_tokens == 20
    assert "Done" not in order, "the short answer was there before the long prompt was read"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await _until_idle(slow_engine.client)


async def test_a_cancelled_neighbour_does_not_change_an_answer(slow_engine: EngineProcess) -> None:
    frame = Generate(chat("tell me of the sea"), max_tokens=60, temperature=0, session_key="steady")
    alone = (await ask(slow_engine.client, frame)).text

    async def disturb() -> None:
        for number in range(6):
            request = Generate(Raw([f"{number} {_LONG}"]), max_tokens=1)
            async with contextlib.aclosing(slow_engine.client.generate(request)) as answer:
                async for item in answer:
                    if isinstance(item, api.Progress) and item.done:
                        break

    async with asyncio.TaskGroup() as group:
        group.create_task(disturb())
        disturbed = await ask(slow_engine.client, frame)
    assert disturbed.text == alone
    await _until_idle(slow_engine.client)


async def test_a_full_queue_is_said_at_once_with_a_time_to_come_back(slow_engine: EngineProcess) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for number in range(4):  # two active and two waiting
            reader, writer = await stack.enter_async_context(_connected(slow_engine))
            writer.write(api.encode(Generate(Raw([f"{number} {_MEDIUM}"]), max_tokens=1500)))
            assert isinstance(await _answer(reader), api.Progress)
        with pytest.raises(ModelError) as failure:
            await ask(slow_engine.client, Generate(Raw(["one too many"]), max_tokens=1))
    assert failure.value.kind is FailureKind.OVERLOADED
    assert failure.value.retry_after_s
    await _until_idle(slow_engine.client)


async def test_a_higher_priority_is_served_first(slow_engine: EngineProcess) -> None:
    ended: list[str] = []

    async def later(name: str, priority: int) -> None:
        await ask(slow_engine.client, Generate(Raw([name]), max_tokens=2, priority=priority))
        ended.append(name)

    async with contextlib.AsyncExitStack() as stack:
        blockers = []
        for number in range(2):
            reader, writer = await stack.enter_async_context(_connected(slow_engine))
            writer.write(api.encode(Generate(Raw([f"{number} {_MEDIUM}"]), max_tokens=1500)))
            await _answer(reader)
            blockers.append(writer)
        async with asyncio.TaskGroup() as group:
            group.create_task(later("low", 0))
            async with asyncio.timeout(_DEADLINE_S):
                while (await slow_engine.client.info()).waiting < 1:
                    await asyncio.sleep(0.01)
            group.create_task(later("high", 5))
            async with asyncio.timeout(_DEADLINE_S):
                while (await slow_engine.client.info()).waiting < 2:
                    await asyncio.sleep(0.01)
            blockers[0].transport.abort()
    assert ended == ["high", "low"]
    await _until_idle(slow_engine.client)


async def test_more_than_the_cache_holds_is_served_one_after_another(folder: Path, random_model: Path) -> None:
    process = EngineProcess(folder / "small.sock", random_model, "--context", "512", "--active", "4")
    try:
        frames = [Generate(Raw([f"{number}" + "abcdefg " * 50]), max_tokens=100, temperature=0) for number in range(6)]
        alone = [(await ask(process.client, frame)).text for frame in frames]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(process.client, frame)) for frame in frames]
        assert [task.result().text for task in tasks] == alone
        # four short prompts get in together and outgrow the cache: the youngest gives way and comes back
        frames = [Generate(Raw([f"{number} abc"]), max_tokens=300, temperature=0, watch=False) for number in range(4)]
        alone = [(await ask(process.client, frame)).text for frame in frames]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(process.client, frame)) for frame in frames]
        assert [task.result().done.output_tokens for task in tasks] == [300] * 4
        assert [task.result().text for task in tasks] == alone
    finally:
        assert process.stop() == 0


_HOSTILE = [
    b"",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    (32 * 1024 * 1024 + 1).to_bytes(4, "big"),
    b"GET / HTTP/1.1\r\n\r\n",
    b"\0\0\0\1\xc1",
    b"\0\0\0\5\x91\x91\x91\x91\xc0",
    (200_000).to_bytes(4, "big") + b"\x91" * 200_000,
    b"\0\0\0\6\x81\xa4type",
    b"\0\0\0\x10\x81\xa4type\xa8generate\xc0",
    b"\0\0\1\0half",
]


@pytest.mark.parametrize("data", _HOSTILE)
async def test_bytes_that_are_no_frame_end_the_connection_with_a_reason(engine: EngineProcess, data: bytes) -> None:
    async with _connected(engine) as (reader, writer):
        writer.write(data)
        writer.write_eof()
        async with asyncio.timeout(_DEADLINE_S):
            rest = await reader.read()
    if rest:
        failed = api.decode_answer(rest[api.HEADER_BYTES :])
        assert isinstance(failed, api.Failed)
        assert failed.kind == "invalid_request"
    assert engine.running


async def test_random_bytes_never_hurt_the_engine(engine: EngineProcess) -> None:
    chance = random.Random(7)
    whole = api.encode(Generate(chat("hello"), max_tokens=2))
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(4, len(data))] = chance.randrange(256)
        async with _connected(engine) as (reader, writer):
            writer.write(bytes(data))
            writer.write_eof()
            async with asyncio.timeout(_DEADLINE_S):
                await reader.read()
    assert (await engine.client.info()).pid == engine.pid


async def test_a_second_request_on_a_busy_connection_is_refused(slow_engine: EngineProcess) -> None:
    async with _connected(slow_engine) as (reader, writer):
        writer.write(api.encode(Generate(Raw([_LONG]), max_tokens=5)) * 2)
        answer = await _answer(reader)
        while isinstance(answer, api.Progress):
            answer = await _answer(reader)
    assert isinstance(answer, api.Failed)
    assert "one request at a time" in answer.message
    await _until_idle(slow_engine.client)


async def test_idle_connections_are_bounded_and_the_one_too_many_is_told(engine: EngineProcess) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(64):
            reader, writer = await stack.enter_async_context(_connected(engine))
            writer.write(api.encode(api.InfoRequest()))
            assert isinstance(await _answer(reader), api.Info)
        reader, _ = await stack.enter_async_context(_connected(engine))
        refused = await _answer(reader)
    assert isinstance(refused, api.Failed)
    assert refused.kind == "overloaded"
    async with asyncio.timeout(_DEADLINE_S):
        while True:
            with contextlib.suppress(ModelError):
                await engine.client.info()
                break


async def test_a_term_signal_ends_even_a_long_read_cleanly(folder: Path, slow_model: Path) -> None:
    process = EngineProcess(folder / "term.sock", slow_model, "--context", "16384")
    async with _connected(process) as (reader, writer):
        writer.write(api.encode(Generate(Raw([_LONG]), max_tokens=5)))
        await _answer(reader)
        assert await asyncio.to_thread(process.stop) == 0
        answer = await _answer(reader)
        while isinstance(answer, api.Progress):
            answer = await _answer(reader)
    assert isinstance(answer, api.Failed)
    assert answer.kind == "unavailable"
    assert not process.socket.exists()


async def test_a_killed_engine_fails_the_answer_clearly_and_is_there_again(folder: Path, slow_model: Path) -> None:
    socket = folder / "killed.sock"
    story: list[ChildStatus] = []
    child = ChildProcess(
        ChildSpec("engine", argv(socket, slow_model), home().variables(), backoff=Backoff(0.01, 0.01)),
        environ=os.environ,
        clock=SystemClock(),
        on_change=story.append,
    )
    client = EngineClient(socket)
    with pytest.raises(ModelError) as failure:
        await client.info()
    assert failure.value.kind is FailureKind.UNAVAILABLE
    await child.start()
    try:
        async with asyncio.timeout(_DEADLINE_S):
            await child.wait_ready()
            heard = Heard()
            with pytest.raises(ModelError, match="ask once more") as failure:
                await _kill_in_mid_answer(client, child, heard)
            assert failure.value.kind is FailureKind.UNAVAILABLE
            assert heard.text
            while child.status.starts < 2:
                await asyncio.sleep(0.01)
            await child.wait_ready()
            # random weights may end their answer with the first token
            assert 1 <= (await ask(client, Generate(chat("again"), max_tokens=3))).done.output_tokens <= 3
    finally:
        await child.stop()
    assert [status.state for status in story if "SIGKILL" in status.reason] == [ChildState.BACKOFF]


async def _kill_in_mid_answer(client: EngineClient, child: ChildProcess, heard: Heard) -> None:
    async for item in client.generate(Generate(chat("hello"), max_tokens=4000, temperature=1.0)):
        heard.frames.append(item)
        if isinstance(item, api.Token) and child.status.pid is not None:
            os.kill(child.status.pid, signal.SIGKILL)
