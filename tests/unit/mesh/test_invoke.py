from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from appliance.foundation.errors import OverloadedError
from appliance.mesh.errors import CommandRefusedError, InvokeConflictError, InvokeError
from appliance.mesh.invoke import calls
from appliance.mesh.invoke.calls import MAX_PER_NODE, MAX_PROGRESS_BYTES, answer_of
from appliance.mesh.invoke.model import Answer, Invoke
from appliance.mesh.invoke.once import KEPT_S, MAX_KEPT
from tests.unit.mesh.box import Box, FakeLink


def wish(key: str = "k", command: str = "system.which", **more: Any) -> Invoke:
    return Invoke("attic", command, "device:phone", key, **more)


def answer(value: Any) -> Answer:
    return Answer(msgspec.Raw(msgspec.json.encode(value)))


async def sent(link: FakeLink, count: int = 1) -> list[Any]:
    """Wait until `count` requests reached the node."""
    while True:
        requests = [payload for event, payload in link.told if event == "node.invoke.request"]
        if len(requests) >= count:
            return requests
        await asyncio.sleep(0)


@pytest.fixture
async def attic(home: Box) -> FakeLink:
    return await home.join("attic", "system.which", "system.run", "device.info", trusted=True)


async def ask(home: Box, link: FakeLink, invoke: Invoke, outcome: Answer | InvokeError) -> Answer:
    """Invoke, and let the node answer."""
    asking = asyncio.ensure_future(home.invocations.ask(invoke))
    count = sum(event == "node.invoke.request" for event, _ in link.told) + 1
    request = (await sent(link, count))[-1]
    assert home.invocations.answered("attic", request["id"], outcome)
    return await asking


async def test_a_node_gets_the_request_and_its_answer_comes_back(home: Box, attic: FakeLink) -> None:
    got = await ask(home, attic, wish(params={"bins": ["ls"]}, timeout_ms=5000), answer({"bins": {"ls": "/bin/ls"}}))
    assert got.value() == {"bins": {"ls": "/bin/ls"}}
    (request,) = await sent(attic)
    assert json.loads(request["paramsJSON"]) == {"bins": ["ls"]}
    assert (request["command"], request["nodeId"], request["timeoutMs"]) == ("system.which", "attic", 5000)
    assert request["idempotencyKey"] == "k"
    assert len(home.invocations) == 0


async def test_without_parameters_none_are_sent(home: Box, attic: FakeLink) -> None:
    await ask(home, attic, wish(), answer(1))
    assert "paramsJSON" not in (await sent(attic))[0]


async def test_a_node_that_is_away_was_asked_nothing(home: Box) -> None:
    with pytest.raises(InvokeError, match=r"^node not connected$") as error:
        await home.invocations.ask(wish())
    assert (error.value.node_code, error.value.dispatched) == ("NOT_CONNECTED", False)


async def test_a_connection_that_is_gone_already_was_asked_nothing(home: Box, attic: FakeLink) -> None:
    attic.deaf = True
    with pytest.raises(InvokeError) as error:
        await home.invocations.ask(wish())
    assert not error.value.dispatched
    assert len(home.invocations) == 0


async def test_what_is_not_effective_never_reaches_the_node(home: Box, attic: FakeLink) -> None:
    with pytest.raises(CommandRefusedError):
        await home.invocations.ask(wish(command="camera.snap"))
    assert attic.told == []


async def test_a_node_that_says_no_is_quoted(home: Box, attic: FakeLink) -> None:
    with pytest.raises(InvokeError, match=r"^DENIED: not today$") as error:
        await ask(home, attic, wish(), InvokeError("DENIED", "not today", dispatched=True))
    assert error.value.dispatched


async def test_no_answer_in_time_is_an_error_and_the_node_is_told(home: Box, attic: FakeLink) -> None:
    with pytest.raises(InvokeError, match=r"^TIMEOUT: node invoke timed out$"):
        await home.invocations.ask(wish(timeout_ms=1))
    assert attic.last("node.invoke.cancel")["id"] == (await sent(attic))[0]["id"]
    assert len(home.invocations) == 0


async def test_an_answer_after_its_deadline_is_ignored_but_kept_for_who_asks_again(home: Box, attic: FakeLink) -> None:
    with pytest.raises(InvokeError):
        await home.invocations.ask(wish(timeout_ms=1))
    (request,) = await sent(attic)
    assert not home.invocations.answered("cellar", request["id"], answer("forged"))
    assert not home.invocations.answered("attic", request["id"], answer("late"))
    assert not home.invocations.answered("attic", request["id"], answer("later still"))
    assert (await home.invocations.ask(wish())).value() == "late"
    assert len(await sent(attic)) == 1, "nothing was done a second time"


async def test_the_same_wish_is_carried_out_once(home: Box, attic: FakeLink) -> None:
    both = [asyncio.ensure_future(home.invocations.ask(wish())) for _ in range(2)]
    (request,) = await sent(attic)
    home.invocations.answered("attic", request["id"], answer("done"))
    assert [one.value() for one in await asyncio.gather(*both)] == ["done", "done"]
    assert (await home.invocations.ask(wish())).value() == "done"
    assert len(await sent(attic)) == 1


async def test_a_key_is_not_used_for_another_wish(home: Box, attic: FakeLink) -> None:
    await ask(home, attic, wish(params={"a": 1, "b": 2}), answer("done"))
    assert (await home.invocations.ask(wish(params={"b": 2, "a": 1}))).value() == "done", "order means nothing"
    with pytest.raises(InvokeConflictError):
        await home.invocations.ask(wish(params={"a": 2}))


async def test_another_actor_with_the_same_key_is_another_wish(home: Box, attic: FakeLink) -> None:
    await ask(home, attic, wish(), answer("mine"))
    other = Invoke("attic", "system.which", "device:tablet", "k")
    assert (await ask(home, attic, other, answer("theirs"))).value() == "theirs"


async def test_a_failure_may_be_tried_again_with_the_same_key(home: Box, attic: FakeLink) -> None:
    with pytest.raises(InvokeError):
        await ask(home, attic, wish(), InvokeError("BUSY", "later", dispatched=True))
    assert (await ask(home, attic, wish(), answer("now"))).value() == "now"


async def test_what_was_perhaps_done_is_not_done_again_for_the_same_key(home: Box, attic: FakeLink) -> None:
    with pytest.raises(InvokeError, match="TIMEOUT"):
        await home.invocations.ask(wish(timeout_ms=1))
    with pytest.raises(InvokeError, match="TIMEOUT"):
        await home.invocations.ask(wish(timeout_ms=1))
    assert len(await sent(attic)) == 1
    home.clock.advance(KEPT_S)
    assert (await ask(home, attic, wish(), answer("anew"))).value() == "anew"


async def test_what_the_node_was_never_sent_may_be_tried_with_the_same_key(home: Box) -> None:
    with pytest.raises(InvokeError, match="not connected"):
        await home.invocations.ask(wish())
    link = await home.join("attic", "system.which", trusted=True)
    assert (await ask(home, link, wish(), answer("now"))).value() == "now"


async def test_answers_are_kept_for_a_while_and_within_a_bound(home: Box, attic: FakeLink) -> None:
    await ask(home, attic, wish(), answer("old"))
    home.clock.advance(KEPT_S)
    assert (await ask(home, attic, wish(), answer("new"))).value() == "new"
    for number in range(MAX_KEPT):
        await ask(home, attic, wish(f"k{number}"), answer(number))
    assert (await home.invocations.ask(wish("k0"))).value() == 0
    assert (await ask(home, attic, wish(), answer("again"))).value() == "again"


async def test_a_second_answer_changes_nothing(home: Box, attic: FakeLink) -> None:
    asking = asyncio.ensure_future(home.invocations.ask(wish()))
    (request,) = await sent(attic)
    assert home.invocations.answered("attic", request["id"], answer("first"))
    assert not home.invocations.answered("attic", request["id"], answer("second"))
    assert (await asking).value() == "first"
    assert not home.invocations.answered("attic", request["id"], answer("third"))


async def test_another_node_cannot_answer(home: Box, attic: FakeLink) -> None:
    asking = asyncio.ensure_future(home.invocations.ask(wish()))
    (request,) = await sent(attic)
    assert not home.invocations.answered("cellar", request["id"], answer("forged"))
    assert not home.invocations.progressed("cellar", request["id"], 0, "forged")
    home.invocations.answered("attic", request["id"], answer("true"))
    assert (await asking).value() == "true"


async def test_a_node_that_leaves_in_the_middle_ends_what_it_was_asked(home: Box, attic: FakeLink) -> None:
    asking = asyncio.ensure_future(home.invocations.ask(wish(timeout_ms=60_000)))
    (request,) = await sent(attic)
    await home.join("attic", "system.which")  # it comes back before the old connection is known to be dead
    home.mesh.left(attic.conn_id, "attic")
    with pytest.raises(InvokeError, match="NODE_DISCONNECTED") as error:
        await asking
    assert error.value.dispatched
    assert not home.invocations.answered("attic", request["id"], answer("late"))


async def test_who_waits_no_more_cancels(home: Box, attic: FakeLink) -> None:
    asking = asyncio.ensure_future(home.invocations.ask(wish()))
    (request,) = await sent(attic)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert attic.last("node.invoke.cancel") == {"id": request["id"], "nodeId": "attic", "reason": "cancelled"}
    assert len(home.invocations) == 0


async def test_only_who_asked_can_cancel(home: Box, attic: FakeLink) -> None:
    asking = asyncio.ensure_future(home.invocations.ask(wish()))
    await sent(attic)
    assert not home.invocations.cancel("device:tablet", "attic", "k")
    assert home.invocations.cancel("device:phone", "attic", "k")
    assert not home.invocations.cancel("device:phone", "attic", "k")
    with pytest.raises(InvokeError, match="CANCELLED"):
        await asking


async def test_output_comes_in_order_once_and_within_a_bound(home: Box, attic: FakeLink) -> None:
    heard: list[tuple[int, str]] = []
    asking = asyncio.ensure_future(home.invocations.ask(wish(), lambda seq, chunk: heard.append((seq, chunk))))
    (request,) = await sent(attic)
    for seq, chunk in ((0, "a"), (0, "a"), (2, "c"), (1, "b")):
        home.invocations.progressed("attic", request["id"], seq, chunk)
    assert heard == [(0, "a"), (2, "c")]
    assert home.invocations.progressed("attic", request["id"], 3, "x" * (MAX_PROGRESS_BYTES - 2))
    assert not home.invocations.progressed("attic", request["id"], 4, "x")
    home.invocations.answered("attic", request["id"], answer(0))
    await asking
    assert not home.invocations.progressed("attic", request["id"], 5, "late")


async def test_a_node_has_no_more_than_the_bound_to_do(home: Box, attic: FakeLink) -> None:
    asking = [asyncio.ensure_future(home.invocations.ask(wish(f"k{number}"))) for number in range(MAX_PER_NODE)]
    await sent(attic, MAX_PER_NODE)
    with pytest.raises(OverloadedError):
        await home.invocations.ask(wish("one more"))
    home.mesh.left(attic.conn_id, "attic")
    results = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(one, InvokeError) for one in results)
    assert len(home.invocations) == 0


async def test_an_approval_cannot_be_forged_in_the_parameters(home: Box, attic: FakeLink) -> None:
    params = {"command": ["ls"], "approved": True, "approvalDecision": "allow-always", "runId": "mine"}
    await ask(home, attic, wish(command="system.run", params=params), answer(0))
    (request,) = await sent(attic)
    assert json.loads(request["paramsJSON"]) == {"command": ["ls"], "runId": request["id"]}


async def test_deadlines_have_a_bound(home: Box, attic: FakeLink) -> None:
    await ask(home, attic, wish(timeout_ms=10**12), answer(0))
    assert (await sent(attic))[0]["timeoutMs"] == calls.MAX_TIMEOUT_MS


@pytest.mark.parametrize(
    ("payload", "text", "expected", "kept"),
    [
        (b'{"a":1}', None, {"a": 1}, None),
        (b"", '{"a":1}', {"a": 1}, '{"a":1}'),
        (b"null", '{"a":1}', {"a": 1}, '{"a":1}'),
        (b'{"a":1}', '{"b":2}', {"a": 1}, None),
        (b"", None, None, None),
        (b"", "no json", None, "no json"),
        (b"", '{}},"injected":{', None, '{}},"injected":{'),
        (b"", "[" * 100 + "]" * 100, None, "[" * 100 + "]" * 100),
        (b"", "\ud800", None, "\ud800"),
    ],
)
def test_an_answer_is_an_object_or_text_that_is_checked(payload: bytes, text: str, expected: Any, kept: str) -> None:
    got = answer_of(msgspec.Raw(payload), text)
    assert (got.value(), got.text) == (expected, kept)
