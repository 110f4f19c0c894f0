"""health, status and the small questions."""

from __future__ import annotations

import pytest

from appliance.health import Condition, Severity
from tests.unit.gateway.methods.box import Box, Refused


async def test_health_counts_sessions(box: Box) -> None:
    await box.say("Hi")
    health = await box.call("health", {"probe": True})
    assert health["ok"] is True
    assert health["sessions"]["count"] == 1
    assert health["sessions"]["recent"][0]["key"] == "agent:main:main"
    assert [one["agentId"] for one in health["agents"]] == ["main", "helper"]


async def test_status_tells_sessions_models_and_what_is_wrong(box: Box) -> None:
    await box.say("Hi")
    box.warn()
    status = await box.call("status", {"includeChannelSummary": False, "includeCliProjection": True})
    assert status["sessions"]["defaults"] == {"model": "one", "contextTokens": 8192}
    assert status["sessions"]["recent"][0]["remainingTokens"] <= 8192
    assert status["conditions"][0]["code"] == "engine_absent"
    assert status["ready"] is True


async def test_doctor_names_each_fault_with_its_fix(box: Box) -> None:
    assert (await box.call("homarus.doctor"))["conditions"] == []
    box.warn()
    report = await box.call("homarus.doctor")
    assert (report["ok"], report["conditions"][0]["fix"]) == (True, "Pull one.")


async def test_doctor_also_asks_the_checks_of_the_box_and_names_nothing_twice(box: Box) -> None:
    box.warn()
    box.found = [
        *box.tracker.conditions(),
        Condition("clock", "clock", Severity.NOTICE, "The clock was not set.", "Connect the box."),
    ]
    report = await box.call("homarus.doctor")
    assert [one["code"] for one in report["conditions"]] == ["engine_absent", "clock"]


async def test_parameterless_methods_take_nothing_null_and_an_empty_object(box: Box) -> None:
    assert await box.call("last-heartbeat") is None
    assert (await box.call("system-presence", {}))[0]["mode"] == "gateway"
    assert set(await box.call("gateway.identity.get")) == {"deviceId", "publicKey"}
    lanes = (await box.call("diagnostics.lanes", {}))["lanes"]
    assert {one["lane"] for one in lanes} == {"main", "subagent", "cron"}


async def test_agents_and_their_names(box: Box) -> None:
    listed = await box.call("agents.list")
    assert (listed["defaultId"], listed["mainKey"], listed["ownership"]) == ("main", "main", "explicit")
    assert listed["agents"][0]["model"] == {"primary": "fake/one", "fallbacks": ["fake/two"]}
    assert (await box.call("agent.identity.get", {}))["nameSource"] == "default"
    by_session = await box.call("agent.identity.get", {"sessionKey": "agent:helper:main"})
    assert (by_session["agentId"], by_session["nameSource"]) == ("helper", "config")


async def test_models_are_listed_as_the_command_line_asks(box: Box) -> None:
    listed = (await box.call("models.list", {"view": "default", "includeDetails": True}))["models"]
    assert (listed[0]["id"], listed[0]["alias"], listed[0]["available"]) == ("one", "best", True)
    assert (listed[1]["unavailableReason"], listed[1]["local"], listed[1]["reasoning"]) == ("cooldown", True, True)
    assert "local" not in (await box.call("models.list", {}))["models"][1]


async def test_commands_are_those_of_the_dispatcher(box: Box) -> None:
    listed = (await box.call("commands.list", {"scope": "text"}))["commands"]
    names = {one["name"]: one for one in listed}
    assert names["new"]["textAliases"] == ["/new", "/reset"]
    assert names["model"]["acceptsArgs"] is True
    assert names["model"]["args"][0]["required"] is False
    assert (
        "args"
        not in {one["name"]: one for one in (await box.call("commands.list", {"includeArgs": False}))["commands"]}[
            "model"
        ]
    )


async def test_sentences_are_understood_in_order(box: Box) -> None:
    items = [{"text": "set a timer for a minute"}, {"text": "another", "lang": "en"}]
    results = (await box.call("homarus.models.understand", {"items": items}))["results"]
    assert [one["tool"] for one in results] == ["timer_set", "timer_set"]
    assert set(results[0]) == {"tool", "arguments", "confidence", "ms"}


@pytest.mark.parametrize("count", [0, 129])
async def test_too_many_or_no_sentences_are_refused(box: Box, count: int) -> None:
    with pytest.raises(Refused, match=r"invalid homarus\.models\.understand params"):
        await box.call("homarus.models.understand", {"items": [{"text": "x"}] * count})


async def test_the_largest_batch_of_sentences_passes(box: Box) -> None:
    results = await box.call("homarus.models.understand", {"items": [{"text": "x"}] * 128})
    assert len(results["results"]) == 128


async def test_the_log_is_read_over_the_wire(box: Box) -> None:
    box.log_file.write_text('{"message":"started"}\n')
    tail = await box.call("logs.tail", {"limit": 5})
    assert tail["lines"] == ['{"message":"started"}']
