"""A gateway whose model is tuned: by command, shown again, used by the engine, in the way of nobody."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from tests.integration.engine.process import make_model
from tests.integration.gateway_process import GatewayProcess
from tests.integration.waiting import until

pytestmark = pytest.mark.engine

_LONG = "who speaks " * 300  # reading it takes the engine a moment

_CONFIG: dict[str, Any] = {
    "models": {"local": {"contextTokens": 8192}, "mini": {"enabled": False}},
    "tools": {"allow": ["clock_now"]},
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    made = GatewayProcess(tmp_path_factory.mktemp("t") / "s", _CONFIG)
    (made.state / "models").mkdir()
    make_model(
        made.state / "models" / "one.gguf", "--context", "8192", "--width", "128", "--reply", "One", " speaks", "."
    )
    made.start()
    until(lambda: _engine(made) is not None, what="the local model")
    yield made
    assert made.stop() == 0


def _engine(gateway: GatewayProcess) -> dict[str, Any] | None:
    engine: dict[str, Any] | None = gateway.call("homarus.answers")["engine"]
    return engine


def test_a_model_is_tuned_by_command_and_the_engine_runs_with_the_result(gateway: GatewayProcess) -> None:
    before = gateway.homarus("models", "tune", "--show")
    assert (before.returncode, "one.gguf is not tuned to this box yet" in before.stdout) == (0, True)
    assert "not tuned to this box yet" in gateway.homarus("status").stdout
    done = gateway.homarus("models", "tune", "--seconds", "5")
    assert done.returncode == 0, done.stderr
    assert "Choice" in done.stdout
    assert "against the defaults" in done.stdout or "too busy" in done.stdout
    shown = gateway.homarus("models", "tune", "--show", "--json")
    answer = json.loads(shown.stdout)
    assert {row["axis"] for row in answer["tuning"]["measured"]} >= {"threads", "attention"}
    assert answer["tuning"]["profile"]["chunkShared"] in (16, 32, 64)
    until(
        lambda: (_engine(gateway) or {}).get("tuning") == answer["tuning"]["name"], what="the engine with its profile"
    )
    assert answer["tuning"]["name"] in gateway.homarus("status").stdout
    asked = gateway.homarus("ask", "--session", "a", "who speaks")
    assert asked.stdout.strip() == "One speaks.", asked.stderr


def test_who_asks_meanwhile_goes_first_and_the_tuner_goes_on_later(gateway: GatewayProcess) -> None:
    gateway.call("homarus.models.tune", {"seconds": 12})
    until(lambda: gateway.call("homarus.models.tuning")["state"] == "measuring", what="the tuner")
    stop, number = threading.Event(), count()

    def talk() -> None:
        while not stop.is_set():
            gateway.homarus("ask", "--session", f"b{next(number)}", _LONG)

    def made_way() -> bool:
        tuning = gateway.call("homarus.models.tuning")
        if tuning["stops"] > 0:
            return True
        if tuning["state"] == "done":  # it found the cores in use, and ended, before anybody was seen to talk
            gateway.call("homarus.models.tune", {"seconds": 12})
        return False

    talking = threading.Thread(target=talk)
    talking.start()
    try:
        until(made_way, what="the tuner that makes way")
    finally:
        stop.set()
        talking.join()
    gateway.call("homarus.models.tune", {"seconds": 5})
    until(lambda: gateway.call("homarus.models.tuning")["state"] == "done", timeout_s=60, what="the end")


def test_a_profile_of_another_box_is_not_used(gateway: GatewayProcess) -> None:
    (path,) = (gateway.state / "engine" / "profiles").glob("*.json")
    stored = json.loads(path.read_text())
    stored["hardware"]["cpu"] = "Another processor"
    path.write_text(json.dumps(stored))
    shown = gateway.homarus("models", "tune", "--show")
    assert "one.gguf is not tuned to this box yet" in shown.stdout
    assert gateway.stop() == 0
    gateway.start()
    until(lambda: _engine(gateway) is not None, what="the local model")
    engine = _engine(gateway)
    assert engine is not None
    assert engine["tuning"] == "", "it runs with the defaults"
