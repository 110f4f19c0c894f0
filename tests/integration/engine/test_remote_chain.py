"""A conversation that the engine here has no time for goes on in another box, with what was read here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.engine.client import EngineClient
from appliance.engine.remote.carrying import Carrier
from appliance.generation import Finished, GenerateRequest, ModelInfo, TextDelta, Tier
from appliance.messages import Message, Role, Text
from appliance.providers.cooldown import Cooldowns
from appliance.providers.failover import Candidate, CandidateChosen, Failover
from appliance.providers.local import LocalProvider, model_info
from appliance.providers.remote.provider import RemoteProvider
from appliance.providers.remote.relief import with_relief
from tests.fakes.clock import FakeClock
from tests.integration.engine.asking import ask
from tests.integration.engine.peers import Served, served
from tests.integration.engine.process import EngineProcess
from tests.integration.engine.test_remote import story_frame

pytestmark = pytest.mark.engine

_FIRST = "tell me about the sea and the wind " * 12


@pytest.fixture
def here(folder: Path, random_model: Path) -> Iterator[EngineProcess]:
    options = ("--state", str(folder / "f-state"), "--active", "1", "--waiting", "0")
    process = EngineProcess(folder / "f.sock", random_model, *options)
    yield process
    assert process.stop() == 0


@pytest.fixture
def there(folder: Path, random_model: Path) -> Iterator[Served]:
    with served(folder, "g", random_model) as box:
        yield box


def _request(info: ModelInfo, *messages: Message) -> GenerateRequest:
    return GenerateRequest(info.id, "You are brief.", messages, max_tokens=6, temperature=0.0, session_key="main")


async def _heard(chain: Failover, *messages: Message) -> tuple[ModelInfo, str, Finished]:
    who, text, end = None, "", None
    async for item in chain.generate(lambda info: _request(info, *messages)):
        if isinstance(item, CandidateChosen):
            who = item.info
        elif isinstance(item, TextDelta):
            text += item.text
        elif isinstance(item, Finished):
            end = item
    assert who is not None
    assert end is not None
    return who, text, end


async def _chain(local: EngineClient, remote: RemoteProvider) -> Failover:
    own = LocalProvider(local, models=[model_info(await local.info())])
    candidates = with_relief([Candidate(own, own.models()[0])], [Candidate(remote, await remote.ask_what_runs())])
    return Failover(candidates, cooldowns=Cooldowns(), clock=FakeClock())


async def test_a_turn_that_finds_the_engine_busy_goes_on_in_the_other_box(here: EngineProcess, there: Served) -> None:
    client = there.client()
    await ask(client, story_frame("something so that its speed is known " * 10, key="warm"))
    remote = RemoteProvider(client, Carrier(lambda: here.client, client, time.monotonic))
    first = Message(Role.USER, (Text(_FIRST),))
    who, said, _ = await _heard(await _chain(here.client, remote), first)
    assert who.tier is Tier.LOCAL
    turns = (first, Message(Role.ASSISTANT, (Text(said),)), Message(Role.USER, (Text("go on"),)))
    plain = await _chain(here.client, remote)
    _, expected, _ = await _heard(plain, *turns)

    busy = here.client.generate(story_frame("an endless tale", key="other", words=None))
    await anext(busy)
    chain = await _chain(here.client, remote)
    who, text, end = await _heard(chain, *turns)
    await busy.aclose()
    assert (who.tier, who.box, text) == (Tier.REMOTE, "attic", expected)
    assert end.engine is not None
    assert end.engine.restored == "peer"
    assert (end.usage.cache_read_tokens or 0) > 200
