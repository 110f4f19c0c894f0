"""Ending a run from outside: in the middle of the words, before it began, and with the command for it."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.cloud.script import Answer, Say
from tests.integration.box import asked, cloud_box, talking

_SLOW = Answer((Say("Some words of a long answer that nobody wants any more."),), hold_after=5)


async def test_abort_in_the_middle_of_the_words_keeps_them_and_leaves_the_service(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, cloud), talking(gateway.target) as talk:
        cloud.script(_SLOW)
        await talk.send("talk", "k1")
        await cloud.held.wait()
        await talk.state("k1", "delta")
        answer = await talk.connection.call("chat.abort", {"sessionKey": talk.session, "runId": "k1"})
        assert (answer["aborted"], answer["runIds"]) == (True, ["k1"])
        end = await talk.state("k1")
        assert end["state"] == "aborted"
        await cloud.gone.wait()
        assert (await talk.transcript())[-1][1] == end["message"]["content"][0]["text"]
        ends = [one for one in talk.heard if one.name == "chat" and one.payload["state"] in ("final", "aborted")]
        assert len(ends) == 1
        assert await talk.ask("and now", "k2") == "Hello there."


async def test_abort_of_what_waits_takes_it_out(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, cloud), talking(gateway.target) as talk:
        cloud.script(_SLOW)
        await talk.send("talk", "k1")
        await cloud.held.wait()
        await talk.send("waits", "k2")
        await talk.connection.call("chat.abort", {"sessionKey": talk.session, "runId": "k2"})
        assert (await talk.state("k2"))["state"] == "aborted"
        cloud.release.set()
        assert (await talk.state("k1"))["state"] == "final"
        assert [row[-1] for row in asked(cloud)] == ["talk"]


async def test_stop_typed_by_a_person_ends_all_of_it(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, cloud), talking(gateway.target) as talk:
        cloud.script(_SLOW)
        await talk.send("talk", "k1")
        await cloud.held.wait()
        await talk.send("waits", "k2")
        stopped = await talk.state(await talk.send("/stop", "k3"))
        assert stopped["message"]["content"][0]["text"] == "Stopped 2 runs."
        assert (await talk.state("k1"))["state"] == (await talk.state("k2"))["state"] == "aborted"
        assert await talk.ask("again", "k4") == "Hello there."
