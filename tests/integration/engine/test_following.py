"""The engine follows memory: real llama.cpp, recorded files, checked in a process of its own (memory_side.py)."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.integration.engine.process import EngineProcess, argv, environment, home

pytestmark = pytest.mark.engine

_SOURCE = Path(__file__).with_name("memory_side.py")
_CHECKS = re.findall(r"^def (check_\w+)", _SOURCE.read_text("utf-8"), re.M)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    engine, folder = home(), tmp_path_factory.mktemp("following")
    command = [str(engine.python), "-m", "tests.integration.engine.memory_side", str(folder)]
    done = subprocess.run(command, env=environment(engine), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"the process ended with {done.returncode}: {done.stderr[-2000:]}"
    results: dict[str, str] = json.loads(done.stdout)
    return results


@pytest.mark.parametrize("name", _CHECKS)
def test_following_memory_holds(results: dict[str, str], name: str) -> None:
    assert results[name] == "", results[name]


def test_out_of_memory_takes_the_engine_and_not_who_started_it(folder: Path, random_model: Path) -> None:
    process = EngineProcess(folder / "score.sock", random_model)
    try:
        score = int(Path(f"/proc/{process.pid}/oom_score_adj").read_text())
    finally:
        assert process.stop() == 0
    assert score >= 500
    assert score > int(Path("/proc/self/oom_score_adj").read_text())


def test_an_engine_without_memory_for_its_model_ends_and_says_so(folder: Path, random_model: Path) -> None:
    limited = (
        "import resource, runpy, sys\n"
        "import appliance.engine.build\n"  # what is needed to say it fits; the context does not
        "size = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size + (48 << 20), -1))\n"
        "sys.argv = ['appliance.engine', *sys.argv[1:]]\n"
        "runpy.run_module('appliance.engine', run_name='__main__')\n"
    )
    arguments = argv(folder / "none.sock", random_model, "--cells", str(64 << 20))[3:]
    command = [str(home().python), "-c", limited, *arguments]
    done = subprocess.run(command, env=environment(home()), capture_output=True, text=True, timeout=60, check=False)
    # 66 where llama.cpp reports it, the signal where it gives up by itself: in either case the engine's end alone
    assert done.returncode in (66, -signal.SIGABRT), f"{done.returncode}: {done.stderr[-2000:]}"
    assert "llama.cpp cannot make a context" in done.stderr
