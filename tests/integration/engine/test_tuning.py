"""The tuner as a process with a tiny model: a result that the engine runs with, an end on request, a resumption."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import msgspec
import pytest

from appliance.engine.profile import read_profile
from appliance.engine.tuning.record import Tuning, partial_of, read_tuning
from appliance.engine.tuning.search import AXES
from tests.integration.engine.process import EngineProcess, environment, home, make_model

pytestmark = pytest.mark.engine
_TIMEOUT_S = 60.0


@pytest.fixture(scope="module")
def model(folder: Path) -> Path:
    return make_model(folder / "tune.gguf", "--context", "4096", "--width", "128")


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root that shows no load: others use the processors while tests run."""
    root = tmp_path_factory.mktemp("root")
    (root / "proc").mkdir()
    (root / "proc/meminfo").write_text("MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\n")
    return root


def _start(model: Path, out: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [str(home().python), "-m", "appliance.engine.tuning", "--model", str(model), "--out", str(out), *options]
    return subprocess.Popen(command, env=environment(home()), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _run(model: Path, out: Path, *options: str) -> tuple[int, list[dict[str, object]], str]:
    with _start(model, out, *options) as process:
        said, errors = process.communicate(timeout=_TIMEOUT_S)
    return process.returncode, [msgspec.json.decode(line) for line in said.splitlines()], errors.decode()


def _read(path: Path) -> Tuning:
    tuning = read_tuning(path)
    assert tuning is not None
    return tuning


def test_a_short_tuning_leaves_a_profile_that_the_engine_runs_with(tmp_path: Path, model: Path, still: Path) -> None:
    out = tmp_path / "p.json"
    code, steps, errors = _run(model, out, "--seconds", "3", "--root", str(still))
    assert code == 0, errors
    assert [step["done"] for step in steps] == list(range(len(AXES) + 1))
    tuning = _read(out)
    assert (tuning.complete, tuning.busy, tuning.settled) == (True, False, tuple(AXES))
    assert tuning.name.startswith("tuned 20")
    assert tuning.gain.read > 0
    assert {row.axis for row in tuning.rows} >= {"threads", "attention", "chunk beside answers", "chunk alone"}
    quants = {row.option for row in tuning.rows if row.axis == "quantisation"}
    assert quants in (set(), {"Q4_0", "Q4_K_M", "Q8_0"}), "left out where the time is over"
    assert not partial_of(out).exists()
    engine = EngineProcess(tmp_path / "e.sock", model, "--profile", str(out))
    try:
        assert read_profile(out).name == tuning.name
    finally:
        assert engine.stop() == 0


def test_a_cache_type_that_does_not_fit_the_model_is_passed_over(tmp_path: Path, folder: Path, still: Path) -> None:
    narrow = make_model(folder / "narrow.gguf")  # heads of 16 numbers, and a block of q8_0 has 32
    out = tmp_path / "p.json"
    code, _, errors = _run(narrow, out, "--seconds", "1", "--root", str(still))
    assert code == 0, errors
    (row,) = [row for row in _read(out).rows if row.option == "flash, cache q8_0"]
    assert row.note
    assert not row.chosen


def test_it_ends_when_told_to_and_goes_on_from_there(tmp_path: Path, model: Path, still: Path) -> None:
    out = tmp_path / "p.json"
    with _start(model, out, "--seconds", "30", "--root", str(still)) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it begins
        process.stdout.readline()  # the first axis is settled
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    assert process.returncode == 75
    assert not out.exists(), "an unfinished profile is not used"
    before = _read(partial_of(out))
    assert before.settled
    code, steps, errors = _run(model, out, "--seconds", "2", "--root", str(still))
    assert code == 0, errors
    assert steps[0]["done"] == 0
    assert steps[0]["doing"] == list(AXES)[len(before.settled)], "it does not begin again"
    after = _read(out)
    assert after.rows[0] == before.rows[0]
    assert after.seconds >= before.seconds


def test_what_is_no_model_for_conversations_is_refused_in_words(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "no.gguf").write_bytes(b"nothing")
    code, _, errors = _run(tmp_path / "no.gguf", tmp_path / "p.json")
    assert (code, "not a GGUF file" in errors) == (66, True)
