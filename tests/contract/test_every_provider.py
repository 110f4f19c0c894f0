"""What `providers.base.Provider` promises, kept by every implementation and by the double that tests use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.generation import Finished, ModelError, ModelInfo, Progress, StopReason, TextDelta
from appliance.providers.local import LocalProvider, model_info
from appliance.providers.settings import Api
from tests.contract.engine_process import engine
from tests.contract.test_cloud_providers import ask, collect, text_of
from tests.fakes.cloud.script import Answer, Say
from tests.fakes.cloud.services import WIRES, service
from tests.fakes.provider import ScriptedProvider, said

REPLY = ["A long", " story", " about", " the", " sea", " and", " a", " box", "."]


@asynccontextmanager
async def _cloud(api: Api) -> AsyncIterator[Any]:
    async with service(api) as running:
        running.cloud.script(*[Answer((Say("".join(REPLY)),))] * 9)
        yield running.provider


@asynccontextmanager
async def _double() -> AsyncIterator[Any]:
    answer = (*(TextDelta(piece) for piece in REPLY), said("")[-1])
    yield ScriptedProvider("test", *[answer] * 9, models=[ModelInfo("test", "test-model", "Test")])


Opener = Callable[[Path], AbstractAsyncContextManager[Any]]
SUBJECTS: dict[str, Opener] = {
    **{api.value: (lambda folder, api=api: _cloud(api)) for api in WIRES},
    "double": lambda folder: _double(),
}


@asynccontextmanager
async def _local(folder: Path) -> AsyncIterator[Any]:
    async with engine(folder, "--reply", *REPLY) as client:
        yield LocalProvider(client, models=[model_info(await client.info())])


SUBJECTS["local"] = _local


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.engine] if name == "local" else []) for name in SUBJECTS])
async def provider(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    async with SUBJECTS[request.param](tmp_path) as subject:
        yield subject


async def test_a_stream_holds_its_text_and_ends_with_one_finished(provider: Any) -> None:
    items = await collect(provider, ask())
    assert text_of(items) == "".join(REPLY)
    assert [type(item) for item in items].count(Finished) == 1
    assert isinstance(items[-1], Finished)
    assert items[-1].stop is StopReason.END
    assert items[-1].usage.input_tokens != 0
    assert len([item for item in items if isinstance(item, TextDelta)]) > 1


async def test_signs_of_life_only_come_before_the_text(provider: Any) -> None:
    items = await collect(provider, ask())
    first = next(index for index, item in enumerate(items) if isinstance(item, TextDelta))
    assert not any(isinstance(item, Progress) for item in items[first:])


async def test_whoever_leaves_early_may_come_back(provider: Any) -> None:
    for _ in range(3):
        async with aclosing(provider.generate(ask())) as stream:
            async for item in stream:
                if isinstance(item, TextDelta):
                    break
    assert text_of(await collect(provider, ask())) == "".join(REPLY)


async def test_a_cancelled_reader_leaves_nothing_behind(provider: Any) -> None:
    started = asyncio.Event()

    async def read() -> None:
        async with aclosing(provider.generate(ask())) as stream:
            async for _ in stream:
                started.set()
                await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(read())
        await started.wait()
        task.cancel()
    assert text_of(await collect(provider, ask())) == "".join(REPLY)


async def test_answers_may_run_side_by_side(provider: Any) -> None:
    answers = await asyncio.gather(*(collect(provider, ask(session_key=f"s{n}")) for n in range(3)))
    assert [text_of(items) for items in answers] == ["".join(REPLY)] * 3


async def test_nothing_happens_before_the_first_item_is_asked_for(provider: Any) -> None:
    await provider.generate(ask()).aclose()


async def test_its_models_carry_its_name(provider: Any) -> None:
    assert provider.models()
    assert all(model.provider == provider.id for model in provider.models())


async def test_embedding_nothing_gives_nothing_or_says_why_not(provider: Any) -> None:
    refusal = None
    try:
        assert await provider.embed("any", []) == []
    except ModelError as error:
        refusal = str(error)
    assert refusal is None or "no embeddings" in refusal


async def test_closing_twice_does_nothing(provider: Any) -> None:
    await provider.aclose()
    await provider.aclose()
