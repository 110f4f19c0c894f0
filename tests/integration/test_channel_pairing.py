"""Somebody writes through a channel; the owner hears the code and lets them in, from the command line of the box."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from appliance.channels.knocking import Answer, Knock
from appliance.channels.senders import Outcome, Senders
from appliance.daemon.core import open_database
from appliance.foundation.clock import SystemClock
from appliance.foundation.paths import StatePaths
from tests.integration.gateway_process import GatewayProcess


async def _write(state: Path, *senders: str) -> list[Outcome]:
    """Let somebody write while the gateway is down, as a channel will while it runs."""
    paths, clock = StatePaths.from_environment({"HOMARUS_STATE_DIR": str(state)}), SystemClock()
    database = await open_database(paths, clock)
    try:
        door = Senders(database)
        return [
            await door.knock(Knock("telegram", "main", sender, sender.title(), "message-1"), clock.now_ms())
            for sender in senders
        ]
    finally:
        await database.aclose()


async def test_the_owner_lets_one_in_by_the_code_and_turns_another_away(tmp_path: Path) -> None:
    state = tmp_path / "state"
    gateway = GatewayProcess(state, {"models": {"mini": {"enabled": False}}})
    with await asyncio.to_thread(gateway.start):
        assert "Nobody waits." in (await asyncio.to_thread(gateway.homarus, "pairing")).stdout
    ada, bob = await _write(state, "ada", "bob")
    assert ada.code is not None
    with await asyncio.to_thread(gateway.start):
        listed = await asyncio.to_thread(gateway.homarus, "pairing", "list", "telegram")
        assert "Ada" in listed.stdout
        assert "Bob" in listed.stdout
        assert ada.code not in listed.stdout
        done = await asyncio.to_thread(gateway.homarus, "pairing", "approve", "telegram", ada.code.lower())
        assert (done.returncode, done.stdout.strip()) == (0, "ada may write in telegram now.")
        done = await asyncio.to_thread(gateway.homarus, "--json", "pairing", "list")
        (left,) = json.loads(done.stdout)["requests"]
        done = await asyncio.to_thread(gateway.homarus, "pairing", "dismiss", "telegram", left["requestId"])
        assert done.stdout.strip() == "bob is turned away."
        again = await asyncio.to_thread(gateway.homarus, "pairing", "approve", "telegram", bob.code or "")
        assert again.returncode == 1
        assert "`homarus pairing list` shows who waits" in again.stderr
    after = await _write(state, "ada", "bob")
    assert after == [Outcome(Answer.PROCESS), Outcome(Answer.DROP)]
