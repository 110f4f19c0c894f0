"""A node on one connection: invocations in, answers out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from appliance.client.connection import Event
from appliance.client.errors import ConnectionLost
from appliance.foundation.clock import SystemClock
from appliance.nodehost.host import MAX_AT_ONCE, Host, introduction
from appliance.nodehost.model import Asked, Command, CommandError
from tests.unit.nodehost.wire import Wire


async def _echo(asked: Asked) -> dict[str, Any]:
    return {"params": dict(asked.params), "timeoutS": asked.timeout_s}


async def _fail(asked: Asked) -> dict[str, Any]:
    raise CommandError("NOT_FOUND", "no such thing")


async def _break(asked: Asked) -> dict[str, Any]:
    raise OSError(28, "No space left on device")


async def _hang(asked: Asked) -> dict[str, Any]:
    await asyncio.Event().wait()
    return {}


async def _talk(asked: Asked) -> dict[str, Any]:
    await asked.progress("a" * 20_000)
    return {}


_COMMANDS = {name: Command(name, "test", run) for name, run in (
    ("echo", _echo), ("fail", _fail), ("break", _break), ("hang", _hang), ("talk", _talk)
)}  # fmt: skip


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    wire = Wire()
    serving = asyncio.ensure_future(Host(_COMMANDS, SystemClock()).serve(wire))  # type: ignore[arg-type]  # its methods
    yield wire
    wire.inbox.put_nowait(None)
    with pytest.raises(ConnectionLost):
        await serving


async def test_an_answer_goes_back_under_its_id(wire: Wire) -> None:
    wire.invoke("i1", "echo", {"a": 1}, 2500)
    assert (await wire.results(1))["i1"] == {
        "id": "i1",
        "nodeId": "n",
        "ok": True,
        "payload": {"params": {"a": 1}, "timeoutS": 2.5},
    }


@pytest.mark.parametrize(
    ("command", "params", "code"),
    [
        ("fail", None, "NOT_FOUND"),
        ("break", None, "UNAVAILABLE"),
        ("no.such", None, "UNKNOWN_COMMAND"),
        ("echo", "{", "INVALID_REQUEST"),
        ("echo", "[1]", "INVALID_REQUEST"),
        ("echo", "[" * 100_000, "INVALID_REQUEST"),
        ("echo", '"' + "x" * 1_000_001 + '"', "INVALID_REQUEST"),
    ],
)
async def test_a_failure_goes_back_with_its_code(wire: Wire, command: str, params: Any, code: str) -> None:
    wire.invoke("i1", command, params)
    result = (await wire.results(1))["i1"]
    assert (result["ok"], result["error"]["code"]) == (False, code)


async def test_a_command_that_hangs_is_ended_in_time(wire: Wire) -> None:
    wire.invoke("i1", "hang", timeout_ms=50)
    assert (await wire.results(1))["i1"]["error"]["code"] == "TIMEOUT"


async def test_a_cancelled_command_ends_without_an_answer(wire: Wire) -> None:
    wire.invoke("i1", "hang")
    wire.cancel("i1")
    wire.cancel("never-there")
    wire.invoke("i2", "echo")
    assert set(await wire.results(1)) == {"i2"}


async def test_what_comes_twice_is_done_once(wire: Wire) -> None:
    wire.invoke("i1", "hang", timeout_ms=100)
    wire.invoke("i1", "hang", timeout_ms=100)
    await wire.results(1)
    assert sum(method == "node.invoke.result" for method, _ in wire.calls) == 1


async def test_only_so_much_runs_at_once(wire: Wire) -> None:
    for number in range(MAX_AT_ONCE):
        wire.invoke(f"i{number}", "hang")
    wire.invoke("one-more", "echo")
    assert (await wire.results(1))["one-more"]["error"]["code"] == "BUSY"


async def test_words_are_sent_while_it_runs_in_pieces_that_fit(wire: Wire) -> None:
    wire.invoke("i1", "talk")
    await wire.results(1)
    pieces = [params for method, params in wire.calls if method == "node.invoke.progress"]
    assert [(one["seq"], len(one["chunk"])) for one in pieces] == [(0, 16_384), (1, 3_616)]


@pytest.mark.parametrize("payload", [None, [], {}, {"id": 1, "command": "echo"}])
async def test_a_request_without_an_id_is_passed_over(wire: Wire, payload: Any) -> None:
    wire.inbox.put_nowait(Event("node.invoke.request", payload, None, False))
    wire.inbox.put_nowait(Event("node.invoke.cancel", payload, None, False))
    wire.invoke("i1", "echo")
    assert set(await wire.results(1)) == {"i1"}


async def test_a_node_gives_signs_of_life_at_once(wire: Wire) -> None:
    wire.invoke("i1", "echo")
    await wire.results(1)
    events = [params["event"] for method, params in wire.calls if method == "node.event"]
    assert events[:2] == ["node.presence.alive", "node.host.stats"]


def test_a_node_declares_what_it_has() -> None:
    who = introduction(tuple(_COMMANDS.values()), "attic", "/bin")
    assert (who.role, who.client_id, who.mode, tuple(who.scopes)) == ("node", "node-host", "node", ())
    assert (tuple(who.caps), tuple(who.commands)) == (("test",), tuple(_COMMANDS))
