"""The same request again, also after a power cut: it gets the first result and happens once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.client.errors import RequestFailed
from tests.fakes.cloud.script import Answer, Say
from tests.integration.box import cloud_box, talking


async def test_a_message_sent_again_is_one_message_also_after_kill_9(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, cloud):
        cloud.script(Answer((Say("Once."),)))
        async with talking(gateway.target) as talk:
            assert await talk.ask("hello", "same") == "Once."
            assert await talk.send("hello", "same") == "same"
        gateway.kill()
        await asyncio.to_thread(gateway.start)
        async with talking(gateway.target) as talk:
            assert await talk.send("hello", "same") == "same"
            assert await talk.transcript() == [("user", "hello"), ("assistant", "Once.")]
            with pytest.raises(RequestFailed) as refused:
                await talk.send("something else", "same")
            assert refused.value.details["reason"] == "chat-request-conflict"
        assert len(cloud.requests) == 1


async def test_a_session_created_again_is_one_session_also_after_kill_9(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, _):
        params = {"label": "Holiday", "idempotencyKey": "create-1"}
        first = await asyncio.to_thread(gateway.call, "sessions.create", params)
        again = await asyncio.to_thread(gateway.call, "sessions.create", params)
        gateway.kill()
        await asyncio.to_thread(gateway.start)
        after = await asyncio.to_thread(gateway.call, "sessions.create", params)
        assert first == again == after
        listed = await asyncio.to_thread(gateway.call, "sessions.list", {})
        assert [row["key"] for row in listed["sessions"]] == [first["key"]]


async def test_a_run_cut_off_by_kill_9_has_one_end_and_the_next_message_runs(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, cloud):
        cloud.script(Answer((Say("This will be cut off."),), hold_after=2), Answer((Say("Back again."),)))
        async with talking(gateway.target) as talk:
            await talk.send("one", "k1")
            await cloud.held.wait()
            await talk.send("two", "k2")  # accepted, waiting: it must survive
        gateway.kill()
        await asyncio.to_thread(gateway.start)
        async with talking(gateway.target) as talk:
            waited = await talk.connection.call("agent.wait", {"runId": "k2", "timeoutMs": 20_000})
            assert waited["status"] == "ok"
            cut = await talk.connection.call("agent.wait", {"runId": "k1", "timeoutMs": 0})
            assert cut["status"] == "error"
            texts = [text for role, text in await talk.transcript() if role == "user"]
            assert texts == ["one", "two"]
            assert (await talk.transcript())[-1] == ("assistant", "Back again.")
