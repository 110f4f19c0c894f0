"""The local engine as a provider, with the frames of an engine from a script."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any, cast

import pytest

from appliance.engine import api
from appliance.engine.client import EngineClient
from appliance.generation import FailureKind, Finished, GenerateRequest, ModelError, ModelInfo, StopReason
from appliance.messages import Message, Role, Text, Usage
from appliance.providers.cooldown import Cooldowns
from appliance.providers.failover import Candidate, Failover
from appliance.providers.local import LocalProvider
from tests.fakes.clock import FakeClock
from tests.fakes.provider import ScriptedProvider, fails, said

INFO = ModelInfo("local", "tiny", "Tiny", context_window=4096, local=True, least_confidence=0.4)
REQUEST = GenerateRequest("tiny", "Be brief.", (Message(Role.USER, (Text("hello"),)),))


class Engine:
    """Answers every request with the same frames."""

    def __init__(self, *frames: api.StreamAnswer | ModelError) -> None:
        self._frames = frames
        self.asked: list[api.Generate] = []

    async def generate(self, frame: api.Generate) -> AsyncGenerator[api.StreamAnswer, None]:
        self.asked.append(frame)
        for one in self._frames:
            if isinstance(one, ModelError):
                raise one
            yield one


def _provider(engine: Engine) -> LocalProvider:
    return LocalProvider(cast(EngineClient, engine), models=[INFO])


def _done(stop: str = "stop", **facts: Any) -> api.Done:
    return api.Done(stop, prompt_tokens=30, cached_tokens=20, output_tokens=4, **facts)


async def _items(provider: LocalProvider, request: GenerateRequest = REQUEST) -> list[Any]:
    return [item async for item in provider.generate(request)]


async def test_what_the_engine_measured_is_in_the_end_of_the_stream() -> None:
    done = _done(reason="", restored="disk", drafted=5, accepted=3, confidence=0.9, window=1024, prompt_ms=12.5)
    end = (await _items(_provider(Engine(api.Token("Hi"), done))))[-1]
    assert end.usage == Usage(30, 4, 20)
    assert (end.engine.restored, end.engine.drafted, end.engine.accepted) == ("disk", 5, 3)
    assert (end.engine.confidence, end.engine.window, end.engine.prompt_ms) == (0.9, 1024, 12.5)


async def test_a_degenerated_answer_says_why() -> None:
    end = (await _items(_provider(Engine(api.Token("x"), _done("degenerated", reason="flat")))))[-1]
    assert (end.stop, end.reason) == (StopReason.DEGENERATED, "flat")


async def test_an_unsure_answer_is_handed_over() -> None:
    with pytest.raises(ModelError) as caught:
        await _items(_provider(Engine(_done("unsure", confidence=0.21))))
    assert caught.value.kind is FailureKind.ESCALATE
    assert caught.value.details["confidence"] == 0.21


async def test_the_window_of_the_moment_is_followed() -> None:
    provider = _provider(Engine(_done(window=1536)))
    await _items(provider)
    assert provider.models()[0].context_window == 1536
    await _items(_provider(Engine(_done(window=0))))
    assert _provider(Engine()).models()[0].context_window == 4096
    overflow = ModelError(FailureKind.CONTEXT_OVERFLOW, "too long", details={"window": 768})
    provider = _provider(Engine(overflow))
    with pytest.raises(ModelError):
        await _items(provider)
    assert provider.models()[0].context_window == 768


async def test_background_and_confidence_travel_and_warming_asks_for_no_word() -> None:
    engine = Engine(_done())
    provider = _provider(engine)
    await _items(provider, replace(REQUEST, background=True, min_confidence=0.5))
    await provider.warm(replace(REQUEST, min_confidence=0.5))
    assert [(one.background, one.min_confidence, one.max_tokens) for one in engine.asked] == [
        (True, 0.5, None),
        (True, 0.0, 0),
    ]


@pytest.mark.parametrize(
    ("asked", "allowed", "told"), [(None, None, None), (None, 50, 50), (49, 50, 49), (51, 50, 50), (51, None, 51)]
)
async def test_no_answer_is_longer_than_its_asker_and_the_owner_allow(
    asked: int | None, allowed: int | None, told: int | None
) -> None:
    engine = Engine(_done())
    provider = LocalProvider(cast(EngineClient, engine), models=[INFO], longest=lambda: allowed)
    await _items(provider, replace(REQUEST, max_tokens=asked))
    await provider.warm(replace(REQUEST, max_tokens=asked))
    assert [one.max_tokens for one in engine.asked] == [told, 0]
    assert provider.models()[0].max_output_tokens == allowed  # so that the prompt leaves no more room than that


def _chain(*providers: Any, infos: list[ModelInfo]) -> Failover:
    candidates = [Candidate(provider, info) for provider, info in zip(providers, infos, strict=True)]
    return Failover(candidates, cooldowns=Cooldowns(), clock=FakeClock(), handover=lambda info: info.least_confidence)


async def test_confidence_is_asked_for_only_while_somebody_else_could_take_over() -> None:
    big = ModelInfo("cloud", "big", "Big")
    engine = Engine(_done())
    alone = _chain(_provider(engine), infos=[INFO])
    assert [type(item) async for item in alone.generate(lambda _: REQUEST)][-1] is Finished
    cloud = ScriptedProvider("cloud", said("Hello."), models=[big])
    both = _chain(_provider(engine), cloud, infos=[INFO, big])
    assert [type(item) async for item in both.generate(lambda _: REQUEST)][-1] is Finished
    assert [one.min_confidence for one in engine.asked] == [0.0, 0.4]


async def test_a_chain_can_begin_at_or_past_one_of_its_models() -> None:
    big = ModelInfo("cloud", "big", "Big")
    cloud = ScriptedProvider("cloud", fails(FailureKind.OVERLOADED), models=[big])
    chain = _chain(_provider(Engine()), cloud, infos=[INFO, big])
    assert chain.starting_at("cloud/big", past=True) is None
    assert chain.starting_at("nobody/at-all", past=False) is None
    past = chain.starting_at("local/tiny", past=True)
    assert past is not None
    assert past.starting_at("cloud/big", past=False) is not None
    assert past.starting_at("local/tiny", past=False) is None
