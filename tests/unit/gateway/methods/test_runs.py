"""agent and agent.wait."""

from __future__ import annotations

import asyncio
from pathlib import Path

from appliance.gateway.methods.runs import agent_scope
from appliance.generation import FailureKind
from appliance.protocol.methods.agents import AgentParams
from tests.fakes.provider import fails
from tests.unit.gateway.methods.box import Box, HeldProvider, caller, open_box, payload

REQUEST = {"message": "Hi", "agentId": "main", "idempotencyKey": "k1"}


async def test_a_run_is_accepted_first_and_finished_then(box: Box) -> None:
    by = await box.answers("agent", REQUEST, by=caller())
    accepted = await payload(by)
    assert accepted["status"] == "accepted"
    assert (accepted["runId"], accepted["sessionKey"], accepted["agentId"]) == ("k1", "agent:main:main", "main")
    final = await payload(by)
    assert (final["runId"], final["status"], final["summary"]) == ("k1", "ok", "completed")
    assert final["result"]["payloads"] == [{"text": "ok", "mediaUrl": None}]
    assert final["result"]["meta"]["agentMeta"]["model"] == "one"


async def test_a_repeated_request_gets_the_first_result(box: Box) -> None:
    by = await box.answers("agent", REQUEST, by=caller())
    first = [await payload(by), await payload(by)][1]
    by = await box.answers("agent", REQUEST, by=caller())
    again = [await payload(by), await payload(by)][1]
    assert again == first
    assert len(box.provider.requests) == 1


async def test_a_failed_run_says_why_and_has_a_text_for_the_reader(box: Box) -> None:
    box.provider.script(fails(FailureKind.AUTH), fails(FailureKind.AUTH))
    by = await box.answers("agent", REQUEST, by=caller())
    await payload(by)
    final = await payload(by)
    assert final["status"] == "error"
    assert final["result"]["payloads"][0]["text"] == final["error"] == final["summary"]


async def test_a_run_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    provider = HeldProvider()
    async with open_box(tmp_path, provider) as box:
        by = await box.answers("agent", {**REQUEST, "timeout": 1}, by=caller())
        await payload(by)
        final = await payload(by)
        assert final["status"] == "timeout"
        assert provider.broken_off == 1


async def test_waiting_returns_the_end_of_a_run(box: Box) -> None:
    await box.say("Hi", run_id="k1")
    answer = await box.call("agent.wait", {"runId": "k1"})
    assert (answer["status"], answer["stopReason"]) == ("ok", "stop")
    assert answer["terminalReply"] == {"disposition": "visible", "text": "ok"}


async def test_waiting_for_an_unknown_run_is_a_timeout(box: Box) -> None:
    assert await box.call("agent.wait", {"runId": "nope", "timeoutMs": 50}) == {"runId": "nope", "status": "timeout"}


async def test_waiting_ends_when_its_time_is_up(tmp_path: Path) -> None:
    provider = HeldProvider()
    async with open_box(tmp_path, provider) as box:
        await box.call("chat.send", {"sessionKey": "main", "message": "x", "idempotencyKey": "k1"})
        async with asyncio.timeout(10):
            await provider.started.wait()
        assert (await box.call("agent.wait", {"runId": "k1", "timeoutMs": 0}))["status"] == "timeout"


def test_a_reset_command_needs_the_right_to_reset() -> None:
    assert agent_scope(AgentParams(message="/new", idempotency_key="k")) == "operator.admin"
    assert agent_scope(AgentParams(message=" /RESET now", idempotency_key="k")) == "operator.admin"
    assert agent_scope(AgentParams(message="/newer", idempotency_key="k")) == "operator.write"
    assert agent_scope(AgentParams(message="a new day", idempotency_key="k")) == "operator.write"
