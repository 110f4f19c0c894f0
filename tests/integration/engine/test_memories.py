"""Engines of models that remember in other ways: whatever is kept and brought back, the text is that of a fresh one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from appliance.engine.api import Generate, Raw
from tests.integration.engine.asking import Heard, ask
from tests.integration.engine.process import EngineProcess, environment, home

pytestmark = pytest.mark.engine

_STATIC = "the same instructions for everybody, " * 6
_FIRST, _SECOND = _STATIC + "one asks this", _STATIC + "two asks something else"
_ENDLESS = "root ::= [a-z ] root"  # random weights would end by chance


def _frame(text: str, key: str) -> Generate:
    return Generate(Raw([text], grammar=_ENDLESS), 12, 0, session_key=key, watch=False)


def _made(kind: str, path: Path) -> Path:
    engine = home()
    command = [str(engine.python), "-m", "tests.integration.engine.shapes", kind, str(path)]
    subprocess.run(command, env=environment(engine), check=True, timeout=60)
    return path


async def _asked(engine: EngineProcess, text: str, key: str) -> Heard:
    heard = await ask(engine.client, _frame(text, key))
    assert heard.done.stop == "length"
    return heard


@pytest.mark.parametrize("kind", ["sliding", "recurrent", "hybrid"])
async def test_what_is_kept_changes_no_text(kind: str, folder: Path, tmp_path: Path) -> None:
    model = _made(kind, folder / f"{kind}.gguf")

    async def fresh(text: str) -> str:
        engine = EngineProcess(folder / "fresh.sock", model)
        try:
            return (await _asked(engine, text, "")).text
        finally:
            assert engine.stop() == 0

    engine = EngineProcess(folder / "memory.sock", model, "--state", str(tmp_path))
    first = await _asked(engine, _FIRST, "one")
    assert first.text == await fresh(_FIRST)
    await _asked(engine, _SECOND, "two")
    longer = _FIRST + first.text + " and then?"
    turn = await _asked(engine, longer, "one")
    assert turn.done.cached_tokens > len(_FIRST) // 2, "the turn before is not read again"
    expected = await fresh(longer)
    assert turn.text == expected
    assert engine.stop() == 0
    engine = EngineProcess(folder / "memory.sock", model, "--state", str(tmp_path))
    again = await _asked(engine, longer, "one")
    assert again.text == expected
    assert again.done.restored == "disk"
    rendered = _FIRST + " another answer than was given, and then?"
    assert (await _asked(engine, rendered, "one")).text == await fresh(rendered)
    assert (await engine.client.info()).cache.rejected == 0
    assert engine.stop() == 0
