from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from appliance.client.errors import GatewayAway, RequestFailed
from appliance.updates.gate.looking import Looker
from appliance.updates.gate.model import Look
from appliance.updates.trial.model import Answered

MINI = {"id": "mini", "provider": "homarus"}
LOCAL = {"id": "qwen", "provider": "local"}
BOTH = Answered(mini=True, engine=True)


class FakeGateway:
    """Answers what the gate asks; `turns` are the answers of models by reference."""

    def __init__(self) -> None:
        self.doctor: dict[str, Any] = {"ok": True, "failing": [], "conditions": []}
        self.models: list[dict[str, str]] = [MINI, LOCAL]
        self.turns: dict[str, str | Exception] = {"homarus/mini": "It is noon.", "local/qwen": "Blue."}
        self.files: list[dict[str, str]] = [{"name": "qwen"}]
        self.config: dict[str, Any] = {}
        self.sessions: set[str] = set()
        self.asked: list[str] = []
        self.away = False

    def __call__(self, method: str, params: Mapping[str, object], timeout_s: float) -> Any:
        assert timeout_s > 0
        if self.away:
            raise GatewayAway("No gateway answers.")
        match method:
            case "homarus.doctor":
                return self.doctor
            case "models.list":
                return {"models": self.models}
            case "homarus.models.local":
                return {"models": self.files}
            case "config.get":
                return {"config": self.config}
            case "agent":
                return self._turn(params)
            case "sessions.delete":
                self.sessions.discard(str(params["key"]))
                return {"archived": [f"/var/lib/homarus/archive/{params['key']}.gz"]}
        return {}

    def _turn(self, params: Mapping[str, object]) -> Any:
        self.sessions.add(str(params["sessionKey"]))
        model = str(params["model"])
        self.asked.append(model)
        text = self.turns[model]
        if isinstance(text, Exception):
            raise text
        return {"status": "ok", "result": {"payloads": [{"text": text}]}}


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


def look(gateway: FakeGateway, before: Answered = BOTH, remove: Callable[[Path], None] = lambda _: None) -> Look:
    numbers = count()
    return Looker(gateway, before, lambda: str(next(numbers)), remove).look()


def test_a_box_on_which_everything_answers_is_good(gateway: FakeGateway) -> None:
    found = look(gateway)
    assert found.good
    assert found.answered == BOTH
    assert [one.name for one in found.findings] == ["gateway", "database", "mini", "database file", "engine"]


def test_a_file_that_is_not_sound_is_found_once_and_for_all(gateway: FakeGateway) -> None:
    asked = []

    def sound() -> list[str]:
        asked.append("read")
        return ["row of parts points to a missing row of things"]

    looker = Looker(gateway, BOTH, lambda: "x", lambda _: None, sound)
    for _ in range(3):
        found = looker.look()
        assert not found.good
        assert "database file: does not work (row of parts points to a missing row of things)" in found.lines()
    assert asked == ["read"]


def test_nothing_of_a_look_stays_in_a_conversation(gateway: FakeGateway) -> None:
    removed: list[Path] = []
    look(gateway, remove=removed.append)
    assert gateway.sessions == set()
    assert [path.name for path in removed] == ["homarus-gate-0.gz", "homarus-gate-1.gz"]


def test_nothing_stays_of_a_turn_that_failed_either(gateway: FakeGateway) -> None:
    gateway.turns["homarus/mini"] = RequestFailed("no", "x", {}, retryable=False)
    look(gateway)
    assert gateway.sessions == set()


def test_a_gateway_that_is_away_is_said_so(gateway: FakeGateway) -> None:
    gateway.away = True
    found = look(gateway)
    assert not found.good
    assert found.lines() == ("gateway: does not work (No gateway answers.)",)


def test_a_gateway_that_is_not_ready_says_why(gateway: FakeGateway) -> None:
    gateway.doctor |= {"ok": False, "failing": ["config_gateway"]}
    assert look(gateway).lines()[0] == "gateway: does not work (config_gateway)"


@pytest.mark.parametrize("code", ["database", "database_rebuilt"])
def test_a_database_that_the_version_had_to_mend_is_no_good_sign(gateway: FakeGateway, code: str) -> None:
    gateway.doctor["conditions"] = [{"code": code, "subject": "storage", "summary": "rebuilt"}]
    found = look(gateway)
    assert not found.good
    assert "database: does not work (rebuilt)" in found.lines()


@pytest.mark.parametrize("model", ["homarus/mini", "local/qwen"])
def test_a_model_that_answered_before_must_answer_now(gateway: FakeGateway, model: str) -> None:
    gateway.turns[model] = ""
    assert not look(gateway).good


def test_a_model_that_never_answered_here_need_not(gateway: FakeGateway) -> None:
    gateway.turns = {"homarus/mini": "", "local/qwen": ""}
    found = look(gateway, Answered())
    assert found.good
    assert "does not work, and need not" in found.lines()[2]


def test_a_model_that_the_owner_took_away_need_not_answer(gateway: FakeGateway) -> None:
    gateway.models, gateway.files = [MINI], []
    found = look(gateway)
    assert found.good
    assert "no larger model is set up here" in found.lines()[4]
    assert found.answered == Answered(mini=True)


def test_an_embedded_model_that_the_owner_switched_off_need_not_answer(gateway: FakeGateway) -> None:
    gateway.turns["homarus/mini"] = RequestFailed("unknown model", "x", {}, retryable=False)
    assert not look(gateway).good
    gateway.config = {"models": {"mini": {"enabled": False}}}
    assert look(gateway).good


def test_a_model_that_is_set_up_but_not_up_must_answer_where_it_did_before(gateway: FakeGateway) -> None:
    gateway.models = [MINI]
    found = look(gateway)
    assert not found.good
    assert "engine: does not work (it is not up)" in found.lines()
    assert look(gateway, Answered(mini=True)).good


def test_where_nothing_is_tried_an_engine_that_answered_once_is_left_alone(gateway: FakeGateway) -> None:
    for before, asked in ((BOTH, 0), (Answered(mini=True), 1)):
        looker = Looker(gateway, before, lambda: "x", lambda _: None, spares_engine=True)
        assert looker.look().answered == BOTH
        assert gateway.asked.count("local/qwen") == asked


def test_what_may_still_come_is_expected(gateway: FakeGateway) -> None:
    gateway.turns["homarus/mini"] = ""
    gateway.models = [MINI]
    assert [one.expected for one in look(gateway, Answered()).findings if not one.ok] == [True, True]
    gateway.doctor["conditions"] = [{"code": "engine_absent", "subject": "engine", "summary": "none"}]
    assert [one.expected for one in look(gateway, Answered()).findings if not one.ok] == [False, False]


def test_the_engine_is_asked_until_it_answered_once(gateway: FakeGateway) -> None:
    numbers = count()
    looker = Looker(gateway, BOTH, lambda: str(next(numbers)), lambda _: None)
    gateway.turns["local/qwen"] = ""
    assert not looker.look().good
    gateway.turns["local/qwen"] = "Blue."
    assert [looker.look().good for _ in range(3)] == [True] * 3
    assert gateway.asked.count("local/qwen") == 2
    assert gateway.asked.count("homarus/mini") == 4


def test_an_answer_of_another_form_is_no_crash_of_the_gate(gateway: FakeGateway) -> None:
    gateway.models = None  # type: ignore[assignment]  # a gateway of the future
    assert not look(gateway).good
