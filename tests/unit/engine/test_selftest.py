"""The self-test decodes with the real library, and stops before it where the processor cannot."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from appliance.engine.locate import EngineHome, locate

pytestmark = pytest.mark.engine


@pytest.fixture
def engine() -> EngineHome:
    found = locate(os.environ)
    assert isinstance(found, EngineHome), found.reason
    return found


def _python(engine: EngineHome, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | engine.variables()
    command = [str(engine.python), *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_the_engine_of_this_checkout_decodes_a_q8_0_model(engine: EngineHome) -> None:
    done = _python(engine, "-m", "appliance.engine.selftest")
    assert (done.returncode, done.stdout) == (0, "the engine decoded a Q8_0 model correctly\n"), done.stderr


def test_a_processor_without_avx2_is_refused_before_the_first_decode(engine: EngineHome, tmp_path: Path) -> None:
    weak = tmp_path / "cpuinfo"
    weak.write_text("flags : fpu sse4_2\nFeatures : fp\n", "utf-8")
    done = _python(engine, "-X", "importtime", "-m", "appliance.engine.selftest", str(weak))
    assert done.returncode == 3
    assert "this processor lacks" in done.stderr
    assert "llama_cpp" not in done.stderr  # the native library was not even loaded


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3"])
def test_a_reciting_model_says_its_reply_and_ends(engine: EngineHome, tmp_path: Path, architecture: str) -> None:
    path = tmp_path / "reciting.gguf"
    pieces = ("The", " answer", " is", ": ", "42", ".")
    made = _python(
        engine, "-m", "appliance.engine.tinymodel", str(path), "--architecture", architecture, "--reply", *pieces
    )
    assert made.returncode == 0, made.stderr
    talk = (
        "import sys, llama_cpp; model = llama_cpp.Llama(sys.argv[1], n_ctx=256, verbose=False); "
        "answer = model.create_chat_completion([{'role': 'user', 'content': 'hello'}], max_tokens=32)['choices'][0]; "
        "print(answer['message']['content'], answer['finish_reason'])"
    )
    done = _python(engine, "-c", talk, str(path))
    assert done.stdout == "The answer is: 42. stop\n", done.stderr


def test_the_same_seed_makes_the_same_file(engine: EngineHome, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert _python(engine, "-m", "appliance.engine.tinymodel", str(tmp_path / name)).returncode == 0
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one").stat().st_size < 200_000
