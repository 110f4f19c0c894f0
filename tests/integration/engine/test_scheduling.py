"""The scheduler over real llama.cpp, in a process of its own (scheduling_side.py): this one must not load it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.integration.engine.process import environment, home

pytestmark = pytest.mark.engine

_SOURCE = Path(__file__).with_name("scheduling_side.py")
_CHECKS = re.findall(r"^def (check_\w+)", _SOURCE.read_text("utf-8"), re.M)


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, str]:
    engine = home()
    command = [str(engine.python), "-m", "tests.integration.engine.scheduling_side", str(folder)]
    done = subprocess.run(command, env=environment(engine), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"the process ended with {done.returncode}: {done.stderr[-2000:]}"
    results: dict[str, str] = json.loads(done.stdout)
    return results


@pytest.mark.parametrize("name", _CHECKS)
def test_the_scheduler_holds(results: dict[str, str], name: str) -> None:
    assert results[name] == "", results[name]
