"""The local engine as a provider, against a real engine process."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest

from appliance.engine.client import EngineClient
from appliance.generation import FailureKind, Finished, ModelError, ModelInfo, StopReason, TextDelta
from appliance.providers.local import LocalProvider, model_info
from tests.contract.engine_process import engine
from tests.contract.test_cloud_providers import ask, collect


@pytest.mark.engine
async def test_the_limit_of_tokens_ends_an_answer_as_length(tmp_path: Path) -> None:
    async with engine(tmp_path) as client:
        provider = LocalProvider(client, models=[model_info(await client.info())])
        items = await collect(provider, ask(max_tokens=5))
        assert isinstance(items[-1], Finished)
        assert items[-1].stop is StopReason.LENGTH
        assert items[-1].usage.output_tokens == 5
        info = provider.models()[0]
        assert (info.ref, info.local, info.context_window) == ("local/tiny", True, 2048)


@pytest.mark.engine
async def test_a_prompt_over_the_window_is_an_overflow(tmp_path: Path) -> None:
    async with engine(tmp_path, "--context", "256") as client:
        provider = LocalProvider(client, models=[])
        with pytest.raises(ModelError) as caught:
            await collect(provider, ask("word " * 2000))
        assert caught.value.kind is FailureKind.CONTEXT_OVERFLOW


@pytest.mark.engine
async def test_log_probabilities_come_when_they_are_asked_for(tmp_path: Path) -> None:
    async with engine(tmp_path) as client:
        items = await collect(LocalProvider(client, models=[]), ask(max_tokens=4, logprobs=True))
        values = [value for item in items if isinstance(item, TextDelta) for value in item.logprobs]
        assert len(values) == 4
        assert all(value <= 0 for value in values)


@pytest.mark.engine
async def test_embeddings_have_one_vector_for_each_text(tmp_path: Path) -> None:
    async with engine(tmp_path, "--pooling", "mean", options=["--embeddings"]) as client:
        vectors = await LocalProvider(client, models=[]).embed("tiny", ["a", "b b", "a"])
        assert len(vectors) == 3
        assert vectors[0] == pytest.approx(vectors[2], abs=1e-3)


@pytest.mark.engine
async def test_an_engine_that_dies_in_mid_answer_is_unavailable(tmp_path: Path) -> None:
    context = engine(tmp_path)
    client = await context.__aenter__()
    provider = LocalProvider(client, models=[])
    async with aclosing(provider.generate(ask(max_tokens=1500))) as stream:
        async for item in stream:
            if isinstance(item, TextDelta):
                break
        await context.__aexit__(None, None, None)
        with pytest.raises(ModelError) as caught:
            async for _ in stream:
                pass
    assert caught.value.kind is FailureKind.UNAVAILABLE


async def test_an_engine_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    provider = LocalProvider(EngineClient(tmp_path / "none.sock"), models=[ModelInfo("local", "m", "M")])
    with pytest.raises(ModelError) as caught:
        await collect(provider, ask())
    assert caught.value.kind is FailureKind.UNAVAILABLE
    with pytest.raises(ModelError):
        await provider.embed("m", ["a"])
