"""An answer in circles is halted as early with tools on offer as without: they leave the text free."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from appliance.engine.api import Generate
from tests.integration.engine.asking import LISTS, TIMER, ask, chat
from tests.integration.engine.process import EngineProcess, environment, home
from tests.integration.test_grounding import _LOOPER

pytestmark = pytest.mark.engine


@pytest.fixture
def looper(folder: Path) -> Path:
    path = folder / "looper.gguf"
    subprocess.run([str(home().python), "-c", _LOOPER, str(path)], env=environment(home()), check=True, timeout=60)
    return path


async def test_tools_on_offer_change_nothing(folder: Path, looper: Path) -> None:
    engine = EngineProcess(folder / "looper.sock", looper)
    try:
        halted = []
        for tools in ([], [TIMER, LISTS]):
            heard = await ask(engine.client, Generate(chat("who speaks", tools=tools), 600, 0, keep=False))
            assert (heard.done.stop, heard.done.reason) == ("degenerated", "repetition")
            halted.append(heard.done.output_tokens)
        assert halted[0] == halted[1] < 200
    finally:
        assert engine.stop() == 0
