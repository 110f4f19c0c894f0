"""Tiny models with a template of each kind: whatever random weights prefer, a call fits, and text beside it is text."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from appliance.engine.api import Chat, Control, Generate, Raw, ToolDef
from appliance.engine.chat.formats import MARKS, ToolFormat
from tests.integration.engine.asking import ask
from tests.integration.engine.process import EngineProcess, environment, home
from tests.unit.engine.templates import TEMPLATES

pytestmark = pytest.mark.engine

_LIGHT = ToolDef(
    "light_set",
    "Switch a light",
    {
        "type": "object",
        "properties": {
            "on": {"type": "boolean"},
            "mode": {"enum": ["warm", "cold"]},
            "level": {"type": "integer", "minimum": 0},
        },
        "required": ["on", "mode"],
    },
)
_OTHER = ToolDef("light_list", "List lights", {"type": "object", "properties": {}})
_CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", *sorted(MARKS))


def _model(path: Path, form: ToolFormat) -> Path:
    """Write a tiny model with the template of a format and every mark as a control token."""
    options = {"chat_template": TEMPLATES[form], "control": _CONTROL, "seed": 7}
    code = (
        "import json, pathlib, sys; from appliance.engine.tinymodel import TinyModel;"
        "o = json.loads(sys.argv[2]); o['control'] = tuple(o['control']);"
        "TinyModel(**o).write(pathlib.Path(sys.argv[1]))"
    )
    engine = home()
    command = [str(engine.python), "-c", code, str(path), json.dumps(options)]
    subprocess.run(command, env=environment(engine), check=True, timeout=60)
    return path


@pytest.mark.parametrize("form", list(ToolFormat))
async def test_every_call_of_a_random_model_fits(folder: Path, form: ToolFormat) -> None:
    engine = EngineProcess(folder / f"{form}.sock", _model(folder / f"{form}.gguf", form))
    try:
        assert (await engine.client.info()).tool_format == form.value
        for seed in range(6):
            chat = Chat([{"role": "user", "content": "light"}], tools=[_LIGHT, _OTHER], tool_choice="light_set")
            heard = await ask(engine.client, Generate(chat, max_tokens=700, temperature=1.0, seed=seed))
            assert heard.done.stop == "tool_calls", heard.frames[-3:]
            assert not heard.text.strip()
            for call in heard.calls:
                assert call.name == "light_set"
                assert isinstance(call.arguments["on"], bool)
                assert call.arguments["mode"] in ("warm", "cold")
                assert set(call.arguments) <= {"on", "mode", "level"}
        free = Chat([{"role": "user", "content": "".join(MARKS)}], tools=[_LIGHT])
        heard = await ask(engine.client, Generate(free, max_tokens=40, temperature=1.0, seed=1))
        assert heard.done.stop in ("stop", "length", "tool_calls")
    finally:
        assert engine.stop() == 0


async def test_a_dead_end_is_an_error_and_the_engine_lives(folder: Path, random_model: Path) -> None:
    engine = EngineProcess(folder / "dead.sock", random_model)
    try:
        # nothing follows "a"
        grammar = 'root ::= "a" [^\\x00-\\U0010FFFF]'
        with pytest.raises(Exception, match=r"no way to go on|grammar"):
            await ask(engine.client, Generate(Raw(["x", Control("<|im_end|>")], grammar=grammar), max_tokens=9))
        assert (await engine.client.info()).name == "tiny"
    finally:
        assert engine.stop() == 0
