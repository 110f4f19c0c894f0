"""What happens to messages while a run is busy, from the client's side: a real gateway and a slow service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance.client.errors import RequestFailed
from tests.fakes.cloud.script import Answer, Call, Say
from tests.fakes.cloud.server import FakeCloud
from tests.integration.box import asked, cloud_box, cloud_config, talking

_SLOW = Answer((Say("First answer, which takes its time."),), hold_after=3)


def _config(**queue: Any) -> Any:
    return lambda cloud: cloud_config(cloud, messages={"queue": {"debounceMs": 50, **queue}})


def _new(cloud: FakeCloud) -> list[list[str]]:
    """Return what each request brought that the one before had not."""
    rows = asked(cloud)
    before = [[], *rows]
    return [row[len(earlier) :] for earlier, row in zip(before, rows, strict=False)]


async def test_collect_makes_one_turn_of_what_came_meanwhile(tmp_path: Path) -> None:
    async with cloud_box(tmp_path, _config(mode="collect")) as (gateway, cloud), talking(gateway.target) as talk:
        cloud.script(_SLOW, Answer((Say("Both done."),)))
        await talk.send("one", "k1")
        await cloud.held.wait()
        await talk.send("two", "k2")
        await talk.send("three", "k3")
        cloud.release.set()
        assert (await talk.state("k1"))["state"] == "final"
        assert (await talk.state("k3"))["message"]["content"][0]["text"] == "Both done."
        merged = await talk.state("k2")
        assert merged["state"] == "final"
        assert _new(cloud) == [["one"], ["two", "three"]]
        assert [text for role, text in await talk.transcript() if role == "user"] == ["one", "two", "three"]


async def test_followup_runs_them_one_after_the_other(tmp_path: Path) -> None:
    async with cloud_box(tmp_path, _config(mode="followup")) as (gateway, cloud), talking(gateway.target) as talk:
        cloud.script(_SLOW, Answer((Say("Second."),)), Answer((Say("Third."),)))
        for number, text in enumerate(("one", "two", "three"), 1):
            await talk.send(text, f"k{number}")
            await cloud.held.wait()
        cloud.release.set()
        ends = [await talk.state(f"k{number}") for number in (1, 2, 3)]
        assert [end["state"] for end in ends] == ["final"] * 3
        assert _new(cloud) == [["one"], ["two"], ["three"]]
        assert [text for _, text in await talk.transcript()][1::2][1:] == ["Second.", "Third."]


async def test_steer_puts_a_message_in_at_the_next_tool_boundary(tmp_path: Path) -> None:
    async with cloud_box(tmp_path, _config(mode="steer")) as (gateway, cloud), talking(gateway.target) as talk:
        cloud.script(Answer((Call("clock_now", {}),), hold_after=1), Answer((Say("In Lisbon, then."),)))
        await talk.send("what time is it in Madrid", "k1")
        await cloud.held.wait()
        await talk.send("I meant Lisbon", "k2")
        cloud.release.set()
        assert (await talk.state("k1"))["message"]["content"][0]["text"] == "In Lisbon, then."
        assert (await talk.state("k2"))["state"] == "final"
        roles = [one["role"] for one in cloud.requests[1].body["messages"] if one["role"] != "system"]
        assert roles == ["user", "assistant", "tool", "user"]
        assert len(cloud.requests) == 2


async def test_interrupt_ends_the_run_for_the_new_message(tmp_path: Path) -> None:
    async with cloud_box(tmp_path, _config(mode="interrupt")) as (gateway, cloud), talking(gateway.target) as talk:
        cloud.script(_SLOW, Answer((Say("The new one."),)))
        await talk.send("one", "k1")
        await cloud.held.wait()
        await talk.send("two", "k2")
        assert (await talk.state("k1"))["state"] == "aborted"
        await cloud.gone.wait()
        assert (await talk.state("k2"))["message"]["content"][0]["text"] == "The new one."


@pytest.mark.parametrize("cap", [1, 3])
async def test_at_the_cap_the_new_message_is_refused_and_may_come_again(tmp_path: Path, cap: int) -> None:
    config = _config(mode="followup", cap=cap, drop="new")
    async with cloud_box(tmp_path, config) as (gateway, cloud), talking(gateway.target) as talk:
        cloud.script(_SLOW)
        await talk.send("one", "k0")
        await cloud.held.wait()
        for number in range(1, cap + 1):
            await talk.send(f"waits {number}", f"k{number}")
        with pytest.raises(RequestFailed) as refused:
            await talk.send("too much", "over")
        assert (refused.value.wire_code, refused.value.retryable) == ("UNAVAILABLE", True)
        assert await talk.send("waits 1", "k1") == "k1", "a replay of what is in already is no new message"
        cloud.release.set()
        for number in range(cap + 1):
            await talk.state(f"k{number}")
        assert (await talk.state(await talk.send("too much", "over")))["state"] == "final"


async def test_drop_old_gives_way_and_says_so(tmp_path: Path) -> None:
    config = _config(mode="followup", cap=1, drop="old")
    async with cloud_box(tmp_path, config) as (gateway, cloud), talking(gateway.target) as talk:
        cloud.script(_SLOW)
        await talk.send("one", "k1")
        await cloud.held.wait()
        await talk.send("two", "k2")
        await talk.send("three", "k3")
        cloud.release.set()
        assert (await talk.state("k3"))["state"] == "final"
        assert (await talk.state("k2"))["state"] == "aborted"
        assert _new(cloud) == [["one"], ["three"]]
