"""The engine of another box over TLS: whole requests, and states that go on there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.engine import api
from appliance.engine.remote.carrying import Carrier
from tests.integration.engine.asking import ask, chat
from tests.integration.engine.peers import Served, served
from tests.integration.engine.process import EngineProcess

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
    assert (await client.info()).fingerprint == (await here.client.info()).fingerprint
    assert await client.tokenize("hello") == await here.client.tokenize("hello")


async def test_a_state_goes_on_there_with_the_same_words(here: EngineProcess, there: Served) -> None:
    text = "another story " * 40
    expected = await ask(here.client, story_frame(text, key="s2"))
    client = there.client()
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
