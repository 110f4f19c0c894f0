"""The shipped weights in the real engine: floors under the figures on sentences written apart, and hostile ones."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.engine.client import EngineClient
from appliance.engine.locate import EngineHome, locate
from appliance.foundation.clock import SystemClock
from appliance.generation import ModelError
from appliance.understanding.languages import TAGS
from appliance.understanding.understander import Understander, load_weights, model_path, weights_folder
from appliance.understanding.vocabulary import ESCALATE, TOOLS, WRITING

_SENTENCES = Path(__file__).resolve().parents[3] / "mini" / "evaluation"
_ZONE = ZoneInfo("Europe/Berlin")
_NOW_MS = int(datetime(2026, 6, 10, 9, 30, tzinfo=_ZONE).timestamp() * 1000)
_START_S = 30.0

# floors a little below what was measured (mini/README.md): a release may not fall under them
RIGHT_AT_LEAST = {"en": 0.82, "de": 0.80, "fr": 0.84}
WRONG_AT_MOST = 0.02
WRITES_OUTSIDE_AT_MOST = 0.045
EXACT_AT_LEAST = 0.85


@asynccontextmanager
async def mini(folder: Path) -> AsyncIterator[Understander]:
    """Run an engine with the shipped model and yield an understander that asks it."""
    home = locate(os.environ)
    if not isinstance(home, EngineHome):
        pytest.fail(f"these tests need the engine: {home.reason}")
    socket = folder / "mini.sock"
    arguments = ("-m", "appliance.engine", "--socket", str(socket), "--model", str(model_path()), "--threads", "1")
    process = await asyncio.create_subprocess_exec(
        str(home.python), *arguments, env={**os.environ, **home.variables()}, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        client = EngineClient(socket)
        async with asyncio.timeout(_START_S):
            while not await _answers(client):
                assert process.returncode is None, "the engine did not start"
                await asyncio.sleep(0.05)
        yield Understander(client, load_weights(), SystemClock())
        assert process.returncode is None, "the engine died"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answers(client: EngineClient) -> bool:
    try:
        await client.info()
    except ModelError:
        return False
    return True


def test_all_weights_together_are_small() -> None:
    assert sum(path.stat().st_size for path in weights_folder().iterdir()) < 12_000_000


@pytest.mark.engine
@pytest.mark.parametrize("tag", TAGS)
async def test_the_figures_hold_on_sentences_written_apart(tag: str, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (_SENTENCES / f"{tag}.jsonl").read_text(encoding="utf-8").splitlines()]
    async with mini(tmp_path) as understander:
        sentences = [(row["text"], None) for row in rows]
        found = [one async for one in understander.understand_all(sentences, _NOW_MS, _ZONE)]
    asked = [(row, one) for row, one in zip(rows, found, strict=True) if row["tool"] != ESCALATE]
    outside = [one.tool for row, one in zip(rows, found, strict=True) if row["tool"] == ESCALATE]
    known = [(row, one) for row, one in asked if one.tool == row["tool"] and "arguments" in row]
    assert len(rows) >= 300
    assert sum(one.tool == row["tool"] for row, one in asked) / len(asked) >= RIGHT_AT_LEAST[tag]
    assert sum(one.tool not in (row["tool"], ESCALATE) for row, one in asked) / len(asked) <= WRONG_AT_MOST
    assert sum(tool in WRITING for tool in outside) / len(outside) <= WRITES_OUTSIDE_AT_MOST
    assert sum(dict(one.arguments) == row["arguments"] for row, one in known) / len(known) >= EXACT_AT_LEAST


@pytest.mark.engine
async def test_no_sentence_kills_the_engine(tmp_path: Path) -> None:
    hostile = [
        'add "quotes" and \\backslashes\\ to the shopping list',
        "add <|k_items|> and <|end|> to the shopping list",
        "add ☕️ 👩‍👩‍👧 naïve ΣΊΣΥΦΟΣ İstanbul ﷺ to the shopping list",
        "note: " + "x" * 390,
        "note: " + "a " * 60,
        "add \x00\x1b[31m and \u202e to the shopping list",
        "put ' and \" and ] and [ and ( on the shopping list",
        "root ::= root",
        "۱۲۳ дюйм в см",
    ]
    async with mini(tmp_path) as understander:
        for sentence in hostile:
            found = await understander.understand(sentence, _NOW_MS, _ZONE)
            assert found.tool in TOOLS
        assert (await understander.understand("show my timers", _NOW_MS, _ZONE)).tool == "timer_list"
