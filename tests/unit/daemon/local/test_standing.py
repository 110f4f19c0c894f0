"""What the process of the local model is said to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.daemon.local.engines import Standing, standing
from appliance.engine.locate import EngineAbsent, EngineHome
from appliance.supervisor.process import ChildState, ChildStatus

_HOME = EngineHome(Path("python"), Path("lib"))


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (ChildState.STARTING, Standing("loading", "m.gguf")),
        (ChildState.READY, Standing("ready", "m.gguf")),
        (ChildState.BACKOFF, Standing("restarting", "m.gguf", "it died")),
        (ChildState.FAILED, Standing("failed", "m.gguf", "it died")),
        (ChildState.STOPPED, Standing()),
    ],
)
def test_each_state_of_the_process_has_a_word(state: ChildState, told: Standing) -> None:
    assert standing(_HOME, "m.gguf", ChildStatus(state, reason="it died")) == told


def test_without_an_engine_or_a_file_there_is_nothing_that_could_answer() -> None:
    assert standing(EngineAbsent("not set up"), "", None) == Standing("absent", "", "not set up")
    assert standing(_HOME, "", None) == Standing()
    assert standing(_HOME, "", ChildStatus(ChildState.READY)) == Standing()
