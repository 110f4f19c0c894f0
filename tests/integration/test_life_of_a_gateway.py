"""Start, stop, a second one, a damaged disk, a timer that became due meanwhile."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from appliance.client.connection import Connection, connect
from appliance.client.errors import ConnectionLost, RequestFailed
from tests.fakes.cloud.script import Answer, Call, Say
from tests.fakes.wire import connect_params, raw_client
from tests.integration.box import MAIN, Talker, cloud_box, no_engine, talking
from tests.integration.gateway_process import TOKEN, GatewayProcess
from tests.integration.waiting import until


def test_a_second_gateway_on_one_state_says_who_holds_it(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "box", **no_engine(tmp_path)) as first:
        second = first.homarus("run", "--no-chat", "--port", "0")
        assert second.returncode == 7
        assert f"is in use by process {first.pid} since " in second.stderr
        assert f"at 127.0.0.1:{first.facts['port']}" in second.stderr
        assert "Traceback" not in second.stderr
        assert first.call("health")["ok"]


def test_a_second_gateway_with_its_own_state_serves_beside_it(tmp_path: Path) -> None:
    one = GatewayProcess(tmp_path / "one", **no_engine(tmp_path))
    two = GatewayProcess(tmp_path / "two", **no_engine(tmp_path))
    with one, two:
        assert one.facts["port"] != two.facts["port"]
        assert one.call("gateway.identity.get") != two.call("gateway.identity.get")


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gateway = GatewayProcess(tmp_path / "box", **no_engine(tmp_path))
        done = gateway.homarus("run", "--no-chat", "--port", str(port))
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


class _NowhereToWrite(GatewayProcess):
    """One whose file for programs cannot be written."""

    @property
    def prefix(self) -> list[str]:
        return ["sh", "-c", 'mkdir -p "$0" && exec "$@"', str(self.state / "run" / "gateway.json" / "in the way")]

    @property
    def facts(self) -> dict[str, Any]:
        return {"pid": self.pid}


def test_a_gateway_that_cannot_say_where_it_is_serves_all_the_same(tmp_path: Path) -> None:
    with _NowhereToWrite(tmp_path / "box", **no_engine(tmp_path)) as gateway:
        assert gateway.call("health")["ok"]
    assert "not told where this gateway is" in gateway.output
    assert "Traceback" not in gateway.output


_NO_ROOM = """
import os
_replace = os.replace
def replace(source, target, **given):
    if str(target).endswith("gateway.json"):
        raise OSError(28, "No space left on device", str(target))
    return _replace(source, target, **given)
os.replace = replace
"""


def test_a_full_disk_leaves_no_word_of_a_gateway_that_is_gone_and_the_new_one_is_used(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/sitecustomize.py").write_text(_NO_ROOM)
    gateway = GatewayProcess(tmp_path / "box", **no_engine(tmp_path), PYTHONPATH=str(tmp_path / "full"))
    old = gateway.state / "run/gateway.json"
    old.parent.mkdir()
    old.write_text('{"pid": 4194304, "port": 1}')  # of one that was killed
    done = gateway.homarus("onboard", "--non-interactive", "--expose", "loopback")
    assert done.returncode == 0, done.stderr
    assert not old.exists()


async def test_sigterm_tells_everybody_then_closes_with_1012(tmp_path: Path) -> None:
    gateway = GatewayProcess(tmp_path / "box", **no_engine(tmp_path))
    await asyncio.to_thread(gateway.start)
    async with connect(gateway.target) as connection:
        stopping = asyncio.ensure_future(asyncio.to_thread(gateway.stop))
        heard, lost = await _to_the_end(connection)
        assert heard[-1] == "shutdown"
        assert lost.details["closeCode"] == 1012
        assert await stopping == 0
    assert not gateway.socket.path.exists()
    assert (await asyncio.to_thread(gateway.homarus, "status")).returncode == 3


async def _to_the_end(connection: Connection) -> tuple[list[str], ConnectionLost]:
    heard = []
    try:
        async for event in connection.events():
            heard.append(event.name)
    except ConnectionLost as lost:
        return heard, lost
    raise AssertionError("unreachable")


async def test_sigterm_lets_a_run_end_and_keeps_what_waits(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, cloud):
        cloud.script(Answer((Say("I was allowed to finish."),), hold_after=2))
        async with talking(gateway.target) as talk:
            await talk.send("one", "k1")
            await cloud.held.wait()
            stopping = asyncio.ensure_future(asyncio.to_thread(gateway.stop))
            assert await _refuses(talk)
            cloud.release.set()
            assert (await talk.state("k1"))["state"] == "final"
            await stopping
        await asyncio.to_thread(gateway.start)
        async with talking(gateway.target) as talk:
            assert (await talk.transcript())[-1] == ("assistant", "I was allowed to finish.")


async def _refuses(talk: Talker) -> bool:
    """Send until nothing new is taken any more."""
    for number in range(1000):
        params = {"sessionKey": "late", "message": "x", "idempotencyKey": f"late-{number}"}
        try:
            await talk.connection.call("chat.send", params)
        except RequestFailed as error:
            return error.retryable
    return False


async def test_a_timer_that_became_due_meanwhile_speaks_once_and_says_how_late(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, cloud):
        cloud.script(Answer((Call("timer_set", {"duration_s": 3600, "label": "pasta"}),)), Answer((Say("It is set."),)))
        async with talking(gateway.target) as talk:
            await talk.ask("set a timer", "k1")
        await asyncio.to_thread(gateway.stop)
        _an_hour_and_more_passes(gateway.state / "homarus.sqlite")
        await asyncio.to_thread(gateway.start)
        await asyncio.to_thread(until, lambda: "Your timer" in _transcript(gateway), what="the timer")
        gateway.kill()
        await asyncio.to_thread(gateway.start)
        async with talking(gateway.target) as talk:
            spoken = [text for _, text in await talk.transcript() if text.startswith("Your timer")]
        assert len(spoken) == 1
        assert spoken[0].startswith("Your timer “pasta” (1 hour) is done (1 hour ")
        assert re.search(r" late, it was due (yesterday )?at ", spoken[0])  # of a day's first hour it is "yesterday"


def _an_hour_and_more_passes(database: Path) -> None:
    """Move what is due into the past: the same as a clock that went on while the box was off."""
    connection = sqlite3.connect(database)
    with connection:
        moved = connection.execute("UPDATE agenda SET due_ms = due_ms - 7200000 WHERE state = 'pending'").rowcount
    connection.close()
    assert moved == 1


def _transcript(gateway: GatewayProcess) -> str:
    return str(gateway.call("chat.history", {"sessionKey": MAIN, "limit": 100})["messages"])


async def test_a_damaged_database_is_made_again_from_the_journal(tmp_path: Path) -> None:
    async with cloud_box(tmp_path) as (gateway, _):
        async with talking(gateway.target) as talk:
            for number in range(3):
                await talk.ask(f"message {number}", f"k{number}")
            before = await talk.transcript()
        await asyncio.to_thread(gateway.stop)
        database = gateway.state / "homarus.sqlite"
        size = database.stat().st_size
        with database.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (size - 4096))
        await asyncio.to_thread(gateway.start)
        async with talking(gateway.target) as talk:
            assert await talk.transcript() == before
            assert await talk.ask("still there", "after") == "Hello there."
        doctor = await asyncio.to_thread(gateway.homarus, "doctor")
        assert "homarus.sqlite.damaged-" in doctor.stdout


async def test_a_reader_that_does_not_read_is_cut_off_and_told_and_others_do_not_notice(tmp_path: Path) -> None:
    gateway = GatewayProcess(tmp_path / "box", **no_engine(tmp_path))
    await asyncio.to_thread(gateway.start)
    try:
        async with raw_client(gateway.facts["port"]) as slow, connect(gateway.target) as other:
            await slow.connect(connect_params(token=TOKEN, scopes=["operator.read"]))
            size = len(json.dumps(await other.call("config.schema"), separators=(",", ":")))
            for number in range(100 * 1024 * 1024 // size):  # what may wait, and what the sockets hold
                slow.send({"type": "req", "id": str(number), "method": "config.schema", "params": {}})
            assert (await other.call("health"))["ok"]
            got = [frame async for frame in slow.frames()]
            assert slow.close == (1008, "slow consumer")
            assert sum(len(json.dumps(frame)) for frame in got) > 50 * 1024 * 1024
            assert (await other.call("health"))["ok"]
    finally:
        assert await asyncio.to_thread(gateway.stop) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_either_signal_ends_it_in_good_order(tmp_path: Path, number: signal.Signals) -> None:
    gateway = GatewayProcess(tmp_path / "box", **no_engine(tmp_path)).start()
    facts = gateway.state / "run" / "gateway.json"
    assert facts.exists()
    gateway.signal(number)
    assert gateway.stop() == 0
    assert "Traceback" not in gateway.output
    assert not facts.exists()
