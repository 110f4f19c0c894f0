"""What a console knows: from the gateway while it answers, and from files that anybody may read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.console.facts import AccessPoint, gather
from appliance.client.errors import GatewayAway


def _ask(method: str, params: dict[str, Any]) -> Any:
    return {
        "homarus.reach": {"urls": [], "pages": ["https://10.0.0.2:18789/"], "loopbackOnly": False},
        "status": {
            "runtimeVersion": "1.2.3",
            "conditions": [{"code": "disk", "summary": "Full.", "fix": "Make room."}],
        },
        "device.pair.list": {"paired": [{}, {}], "pending": []},
    }[method]


def _away(method: str, params: dict[str, Any]) -> Any:
    raise GatewayAway("No gateway answers at /run/x. Start it with `homarus run`.")


def _put(root: Path, path: str, content: object) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content if isinstance(content, str) else json.dumps(content))


def test_a_gateway_tells_addresses_devices_and_what_is_wrong(tmp_path: Path) -> None:
    facts = gather(_ask, tmp_path)
    assert (facts.version, facts.pages, facts.devices, facts.gateway) == ("1.2.3", ("https://10.0.0.2:18789/",), 2, "")
    assert [(one.text, one.fix) for one in facts.problems] == [("Full.", "Make room.")]


@pytest.mark.parametrize(
    ("row", "texts"),
    [({"code": "disk"}, ["disk"]), ({}, ["Something is wrong; `homarus doctor` says what."]), ("disk", [])],
)
def test_a_condition_without_a_sentence_does_not_end_the_screen(tmp_path: Path, row: object, texts: list[str]) -> None:
    def short(method: str, params: dict[str, Any]) -> Any:
        return {**_ask(method, params), "conditions": [row]}

    assert [(one.text, one.fix) for one in gather(short, tmp_path).problems] == [(text, "") for text in texts]


def test_without_one_systemd_is_asked_and_else_its_own_words_are_cut_to_what_helps(tmp_path: Path) -> None:
    assert gather(_away, tmp_path, lambda: "it is starting.").gateway == "it is starting."
    assert gather(_away, tmp_path).gateway == "No gateway answers at /run/x."


def test_a_box_that_has_no_memory_to_ask_systemd_says_what_it_knows(tmp_path: Path) -> None:
    def short() -> str:
        raise BlockingIOError("fork")

    assert gather(_away, tmp_path, short).gateway == "No gateway answers at /run/x."


def test_what_keeps_the_gateway_from_its_data_is_shown_while_it_does_not_answer(tmp_path: Path) -> None:
    _put(tmp_path, "run/homarus-state/problem.json", {"message": "12 MiB are missing; free some space"})
    (problem,) = gather(_away, tmp_path).problems
    assert problem.text == "The data could not be made ready: 12 MiB are missing; free some space."
    assert "tried again by itself" in problem.fix
    assert all("12 MiB" not in one.text for one in gather(_ask, tmp_path).problems)


def test_mistakes_on_the_card_are_shown_before_the_gateway_knows_of_them_and_not_twice(tmp_path: Path) -> None:
    _put(tmp_path, "data/system/first-boot.json", {"mistakes": [{"message": "homarus.toml: hostname: is none."}]})
    assert "hostname" in gather(_away, tmp_path).problems[0].text
    assert len(gather(_ask, tmp_path).problems) == 2

    def told(method: str, params: dict[str, Any]) -> Any:
        found = dict(_ask(method, params))
        if method == "status":
            found["conditions"] = [{"code": "first_boot", "summary": "A setting.", "fix": ""}]
        return found

    assert [one.text for one in gather(told, tmp_path).problems] == ["A setting."]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ({"action": "apply", "target": "1.3.0", "percent": 40}, "installs an update to 1.3.0, 40 %"),
        ({"action": "check"}, "looks for an update"),
        ({"action": "apply", "done": True}, ""),
        ({}, ""),
    ],
)
def test_an_update_is_shown_while_it_goes_on(tmp_path: Path, status: dict[str, object], text: str) -> None:
    _put(tmp_path, "run/homarus-update/status.json", status)
    assert text in gather(_ask, tmp_path).update
    assert bool(gather(_ask, tmp_path).update) is bool(text)


def test_the_network_to_set_up_is_shown_while_it_is_open(tmp_path: Path) -> None:
    point = {"ssid": "Homarus 1a2b", "key": "abcd", "page": "http://10.42.0.1:18789/setup"}
    _put(tmp_path, "run/homarus-wifi/state.json", {"phase": "setup", "accessPoint": point})
    assert gather(_away, tmp_path).wifi == AccessPoint(**point)
    _put(tmp_path, "run/homarus-wifi/state.json", {"phase": "ended"})
    assert gather(_away, tmp_path).wifi is None


_ODD = [
    "",
    "[]",
    "{",
    '{"mistakes": 5}',
    '{"mistakes": [5, null, {}]}',
    '{"accessPoint": 1, "mistakes": null}',
    "[" * 9999,
]


@pytest.mark.parametrize("content", _ODD)
def test_files_that_make_no_sense_say_nothing(tmp_path: Path, content: str) -> None:
    for path in ("run/homarus-update/status.json", "run/homarus-wifi/state.json", "data/system/first-boot.json"):
        _put(tmp_path, path, content)
    facts = gather(_away, tmp_path)
    assert (facts.update, facts.wifi, facts.problems) == ("", None, ())


@pytest.mark.parametrize("answer", [None, [], "yes", {}, {"conditions": 5, "pages": "x", "paired": 7}])
def test_answers_that_make_no_sense_leave_a_screen_with_the_name(tmp_path: Path, answer: object) -> None:
    facts = gather(lambda method, params: answer, tmp_path)
    assert (facts.pages, facts.devices, facts.problems, facts.gateway) == ((), 0, (), "")
    assert facts.name
