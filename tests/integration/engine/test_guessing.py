"""Speculation and monitoring over real llama.cpp, checked in a process of its own (guessing_side.py)."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.integration.engine.process import environment, home

pytestmark = pytest.mark.engine

_SOURCE = Path(__file__).with_name("guessing_side.py")
_CHECKS = re.findall(r"^def (check_\w+)", _SOURCE.read_text("utf-8"), re.M)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    engine, folder = home(), tmp_path_factory.mktemp("guessing")
    command = [str(engine.python), "-m", "tests.integration.engine.guessing_side", str(folder)]
    done = subprocess.run(command, env=environment(engine), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"the process ended with {done.returncode}: {done.stderr[-2000:]}"
    results: dict[str, str] = json.loads(done.stdout)
    return results


@pytest.mark.parametrize("name", _CHECKS)
def test_guessing_and_watching_hold(results: dict[str, str], name: str) -> None:
    assert results[name] == "", results[name]
