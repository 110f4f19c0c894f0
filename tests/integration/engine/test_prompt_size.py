"""The static beginning of a local prompt, counted with a real tokenizer: every kit, every way to write tools."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.daemon.answers.prewarm import beginnings
from appliance.daemon.tools import tools_of_the_box
from appliance.engine.api import generate_frame
from appliance.engine.chat.formats import ToolFormat
from appliance.engine.chat.prompt import PromptMaker
from appliance.engine.chat.template import SpecialTexts
from appliance.generation import ModelInfo
from appliance.tools.selection import MAX_TOOLS, kits
from appliance.understanding.understander import model_path
from tests.integration.engine.process import EngineProcess
from tests.unit.engine.templates import TEMPLATES, now

pytestmark = pytest.mark.engine

_MAX_TOKENS = 1000
# The tokenizer of homarus-mini has 1,500 words. For these very texts the one of Llama 3, with 128,000, needs 2.2 times
# fewer tokens: 550 to 766 where this one needs 1,183 to 1,753.
_FEWER = 2.1


class _Nothing:
    """Stands for stores that no tool asks for its description."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Iterator[EngineProcess]:
    process = EngineProcess(folder / "mini.sock", model_path(), "--threads", "1")
    yield process
    process.stop()


async def test_no_kit_makes_a_static_prompt_over_a_thousand_tokens(tokenizer: EngineProcess, tmp_path: Path) -> None:
    nothing: Any = _Nothing()
    specs = tools_of_the_box(nothing, nothing, nothing, tmp_path).specs()
    assert len(specs) >= 22
    model = ModelInfo("local", "m", "M", local=True)
    for request in beginnings(model, kits(specs, MAX_TOOLS)):
        for form in (ToolFormat.HERMES, ToolFormat.LLAMA3, ToolFormat.GEMMA3, ToolFormat.PLAIN):
            maker = PromptMaker(TEMPLATES[form], SpecialTexts.of({"<|im_end|>"}), now)
            text = "".join(maker.prompt(generate_frame(request).input).pieces)  # type: ignore[arg-type]  # it is a Chat
            count = len(await tokenizer.client.tokenize(text))
            assert count / _FEWER < _MAX_TOKENS, f"{request.session_key} in {form}: {count} tokens"
