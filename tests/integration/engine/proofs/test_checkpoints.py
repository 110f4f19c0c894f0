"""Models whose states cannot be cut: the next turn begins where the prompt before ended, whatever the answer became."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from appliance.engine.api import Generate, Raw
from tests.integration.engine.asking import ask
from tests.integration.engine.process import EngineProcess, environment, home

pytestmark = pytest.mark.engine

_STORY = "a quite long story about nothing at all " * 4
_TOKENS = 6


def _made(shape: str, path: Path) -> Path:
    code = f"import sys; from pathlib import Path; from tests.integration.engine import shapes; shapes.{shape}"
    code += "(Path(sys.argv[1]))"
    subprocess.run([str(home().python), "-c", code, str(path)], env=environment(home()), check=True, timeout=60)
    return path


@pytest.mark.parametrize("shape", ["recurrent", "hybrid", "sliding"])
async def test_a_turn_begins_where_the_prompt_before_ended(folder: Path, tmp_path: Path, shape: str) -> None:
    model = _made(shape, folder / f"{shape}.gguf")
    first, second = Raw([_STORY]), Raw([_STORY, "as it was told again, and now?"])  # the answer is rendered otherwise
    options = ("--context", "1024", "--cells", "1024")
    engine = EngineProcess(folder / "plain.sock", model, *options)
    try:
        expected = await ask(engine.client, Generate(second, _TOKENS, 0, watch=False))
    finally:
        assert engine.stop() == 0
    for tier in ("ram", "disk"):
        engine = EngineProcess(folder / "turns.sock", model, *options, "--state", str(tmp_path / shape))
        try:
            if tier == "ram":
                before = await ask(engine.client, Generate(first, _TOKENS, 0, watch=False, session_key="s"))
                length = before.done.prompt_tokens
                for number in range(3):  # others take the cells
                    await ask(engine.client, Generate(Raw([f"{number} {'x' * 700}"]), 2, 0, watch=False, keep=False))
            heard = await ask(engine.client, Generate(second, _TOKENS, 0, watch=False, keep=False))
            assert heard.done.restored == tier
            assert heard.done.cached_tokens == length
            assert heard.text == expected.text
        finally:
            assert engine.stop() == 0
