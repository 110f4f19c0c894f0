"""Attention states that come back: from memory, from files after a restart, after giving way; always the same text."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from appliance.engine import api
from appliance.engine.api import Generate, Raw
from tests.integration.engine.asking import Heard, ask, fingerprint
from tests.integration.engine.process import EngineProcess, make_model

pytestmark = pytest.mark.engine

_STORY = "a quite long story about nothing at all " * 30  # about 1,100 tokens
_DEADLINE_S = 30.0
_ENDLESS = "root ::= [a-z ] root"  # random weights would end by chance


def _frame(text: str, key: str = "", *, max_tokens: int = 24, background: bool = False, keep: bool = True) -> Generate:
    # random weights repeat themselves, which the watch would end
    raw = Raw([text], grammar=_ENDLESS)
    return Generate(raw, max_tokens, 0, session_key=key, background=background, keep=keep, watch=False)


@pytest.fixture(scope="module")
def exact_engine(folder: Path) -> Iterator[EngineProcess]:
    """All numbers are float32: what one token and several at once compute differs too little to change a choice.

    With 8 bits the matrix routines for one row and for several differ by percents, in llama.cpp itself.
    """
    model = make_model(folder / "exact.gguf", "--quantisation", "f32", "--width", "256", "--layers", "4")
    profile = folder / "exact.json"
    profile.write_text('{"type_k": "f32", "type_v": "f32"}')
    process = EngineProcess(folder / "exact.sock", model, "--profile", str(profile), "--cells", "4096")
    yield process
    assert process.stop() == 0, "it must still have been alive, and end cleanly"


@pytest.fixture
def keeping(folder: Path, tmp_path: Path, random_model: Path) -> Iterator[EngineProcess]:
    process = EngineProcess(folder / "keep.sock", random_model, "--state", str(tmp_path), "--cells", "2048")
    yield process
    assert process.stop() == 0, "it must still have been alive, and end cleanly"


async def test_a_session_comes_back_from_memory_after_others_took_its_cells(keeping: EngineProcess) -> None:
    first = await ask(keeping.client, _frame("1 " + _STORY, "one"))
    for number in (2, 3):
        await ask(keeping.client, _frame(f"{number} " + _STORY, f"other{number}"))
    again = await ask(keeping.client, _frame("1 " + _STORY, "one"))
    assert again.done.restored == "ram"
    assert again.done.cached_tokens > first.done.prompt_tokens * 0.95
    assert again.text == first.text
    info = await keeping.client.info()
    assert info.cache.hits_ram == 1
    assert info.cache.misses == 3
    assert 0 < info.cache.ram_bytes <= info.cache.ram_budget


async def test_a_session_leaves_the_cells_to_others_even_where_there_is_room(folder: Path, random_model: Path) -> None:
    """Each step of the others would compute over its cells too; alone it stays where it is."""
    process = EngineProcess(folder / "room.sock", random_model, "--ram-bytes", str(1 << 26), "--cells", "8192")
    try:
        sources = []
        for key in ("one", "one", "two", "one"):
            sources.append((await ask(process.client, _frame(f"{key} {_STORY}", key))).done.restored)
            await _saved(process)
        assert sources == ["", "resident", "", "ram"]
        assert (await process.client.info()).resident_sequences == 1
    finally:
        assert process.stop() == 0


async def _saved(process: EngineProcess) -> None:
    """Wait until nothing more comes to what is stored."""
    before = -1
    async with asyncio.timeout(_DEADLINE_S):
        while (stored := (await process.client.info()).cache.ram_bytes) != before or not stored:
            before = stored
            await asyncio.sleep(0.05)


async def test_a_session_comes_back_from_files_after_a_restart(
    folder: Path, tmp_path: Path, random_model: Path
) -> None:
    texts = []
    for source in ("", "disk"):
        process = EngineProcess(folder / "again.sock", random_model, "--state", str(tmp_path))
        try:
            heard = await ask(process.client, _frame(_STORY, "one"))
            assert heard.done.restored == source
            texts.append(heard.text)
            await fingerprint(process.client)
        finally:
            assert process.stop() == 0
    assert texts[0] == texts[1]


async def test_warming_reads_the_prompt_and_the_next_turn_starts_behind_it(keeping: EngineProcess) -> None:
    warm = await ask(keeping.client, _frame(_STORY, background=True, max_tokens=0))
    assert (warm.done.stop, warm.done.output_tokens, warm.text) == ("length", 0, "")
    turn = await ask(keeping.client, _frame(_STORY + "and now?", "person"))
    assert turn.done.restored == "resident"
    assert turn.done.cached_tokens >= warm.done.prompt_tokens - 2


async def test_what_was_read_ahead_stays_while_sessions_come_and_go(folder: Path, random_model: Path) -> None:
    process = EngineProcess(folder / "pinned.sock", random_model, "--cells", "2048")  # without a store
    try:
        await ask(process.client, _frame(_STORY, background=True, max_tokens=0))
        for number in range(20):
            await ask(process.client, _frame(f"{number} {_STORY[:300]}", f"s{number}"))
        turn = await ask(process.client, _frame(_STORY + "and now?", "person"))
        assert turn.done.cached_tokens > turn.done.prompt_tokens * 0.95
    finally:
        assert process.stop() == 0


@pytest.mark.parametrize("text", ["{", '{"type_v": "q8_0"}'])
async def test_a_profile_that_cannot_be_used_leaves_the_defaults_and_is_said(
    folder: Path, tmp_path: Path, random_model: Path, text: str
) -> None:
    profile = tmp_path / "profile.json"
    profile.write_text(text)
    process = EngineProcess(folder / "tuned.sock", random_model, "--profile", str(profile))
    try:
        assert "defaults" in (await process.client.info()).profile
        assert (await ask(process.client, _frame("hello", max_tokens=3))).done.output_tokens == 3
    finally:
        assert process.stop() == 0


async def test_nothing_is_kept_of_a_turn_that_does_not_want_it(keeping: EngineProcess) -> None:
    await ask(keeping.client, _frame(_STORY, "one", keep=False))
    assert (await keeping.client.info()).cache.ram_bytes == 0


async def test_background_work_steps_back_for_a_person_and_goes_on(exact_engine: EngineProcess) -> None:
    client = exact_engine.client
    person, thought = _frame("a person asks", "p", max_tokens=30), _frame("b slow thought", max_tokens=500)
    alone = await ask(client, person)
    undisturbed = await ask(client, thought)
    before = (await client.info()).preempted
    ended: list[str] = []
    heard, writes = Heard(), asyncio.Event()

    async def background() -> None:
        request = msgspec.structs.replace(thought, background=True, session_key="b")
        async with contextlib.aclosing(client.generate(request)) as answer:
            async for item in answer:
                heard.frames.append(item)
                if isinstance(item, api.Token):
                    writes.set()
        ended.append("background")

    task = asyncio.ensure_future(background())
    async with asyncio.timeout(_DEADLINE_S):
        await writes.wait()
    again = await ask(client, person)
    ended.append("person")
    await task
    assert ended == ["person", "background"]
    assert (await client.info()).preempted > before
    assert again.text == alone.text
    assert heard.text == undisturbed.text
