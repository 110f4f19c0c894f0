"""chat.*: what a chat window sends and reads."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import pytest

from appliance.messages import Image
from tests.unit.gateway.methods.box import Box, HeldProvider, Refused, caller, open_box

MAIN = "agent:main:main"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 8


async def test_a_message_is_acknowledged_with_its_key_and_answered(box: Box) -> None:
    ack = await box.call("chat.send", {"sessionKey": "main", "message": "Hi", "idempotencyKey": "k1"})
    assert ack["runId"] == "k1"
    assert ack["status"] == "started"
    assert set(ack["serverTiming"]) == {"receivedToAckMs", "loadSessionMs"}
    await box.dispatcher.wait("k1", 10)
    history = await box.call("chat.history", {"sessionKey": "main"})
    assert history["sessionKey"] == MAIN
    user, assistant = history["messages"]
    assert (user["role"], user["content"], user["idempotencyKey"]) == ("user", "Hi", "k1:user")
    assert assistant["content"] == [{"type": "text", "text": "ok"}]
    assert assistant["__openclaw"]["runId"] == "k1"
    assert [one["__openclaw"]["seq"] for one in history["messages"]] == [1, 2]


async def test_the_same_key_gives_the_same_acknowledgement_and_one_answer(box: Box) -> None:
    request = {"sessionKey": "main", "message": "Hi", "idempotencyKey": "k1"}
    first = await box.call("chat.send", request)
    await box.dispatcher.wait("k1", 10)
    again = await box.call("chat.send", request)
    assert (again["runId"], again["status"]) == (first["runId"], first["status"])
    assert len((await box.call("chat.history", {"sessionKey": "main"}))["messages"]) == 2


async def test_the_same_key_with_another_text_is_a_conflict(box: Box) -> None:
    await box.say("Hi", run_id="k1")
    with pytest.raises(Refused) as caught:
        await box.call("chat.send", {"sessionKey": "main", "message": "Ho", "idempotencyKey": "k1"})
    assert caught.value.error["code"] == "INVALID_REQUEST"
    assert caught.value.error["details"]["reason"] == "chat-request-conflict"


async def test_a_picture_reaches_the_model_and_stays_out_of_the_history(box: Box) -> None:
    attachment = {"type": "image", "mimeType": "image/png", "content": base64.b64encode(PNG).decode()}
    request = {"sessionKey": "main", "message": "What?", "idempotencyKey": "k1", "attachments": [attachment]}
    await box.call("chat.send", request)
    await box.dispatcher.wait("k1", 10)
    assert Image("image/png", PNG) in box.provider.requests[-1].messages[-1].parts
    (user, _) = (await box.call("chat.history", {"sessionKey": "main"}))["messages"]
    assert user["content"][1]["omitted"] is True
    assert base64.b64encode(PNG).decode() not in str(user)


@pytest.mark.parametrize("text", ["", "  \n "])
async def test_nothing_at_all_is_refused(box: Box, text: str) -> None:
    with pytest.raises(Refused, match="message or attachment required"):
        await box.call("chat.send", {"sessionKey": "main", "message": text, "idempotencyKey": "k1"})


async def test_an_unknown_agent_is_named(box: Box) -> None:
    with pytest.raises(Refused) as caught:
        await box.call("chat.history", {"sessionKey": "agent:nobody:main"})
    assert caught.value.error["details"] == {"code": "UNKNOWN_AGENT_ID", "agentId": "nobody"}


async def test_a_message_for_another_session_than_the_present_is_refused(box: Box) -> None:
    await box.say("Hi")
    with pytest.raises(Refused) as caught:
        await box.call("chat.send", {"sessionKey": "main", "message": "x", "idempotencyKey": "k9", "sessionId": "old"})
    assert caught.value.error["details"]["reason"] == "session-id-mismatch"


async def test_a_message_written_for_another_end_of_the_conversation_is_refused(box: Box) -> None:
    await box.say("Hi")
    request = {"sessionKey": "main", "message": "x", "idempotencyKey": "k9", "expectedLeafEntryId": "old"}
    with pytest.raises(Refused) as caught:
        await box.call("chat.send", request)
    assert caught.value.error["details"]["reason"] == "leaf-entry-mismatch"
    last = (await box.call("chat.history", {"sessionKey": "main"}))["messages"][-1]["__openclaw"]["id"]
    await box.call("chat.send", {**request, "expectedLeafEntryId": last})
    await box.dispatcher.wait("k9", 10)


async def test_pages_go_back_to_the_first_message(box: Box) -> None:
    for number in range(5):
        await box.say(f"message {number}")
    seen: list[int] = []
    offset = 0
    while True:
        page = await box.call("chat.history", {"sessionKey": "main", "limit": 3, "offset": offset})
        seen = [one["__openclaw"]["seq"] for one in page["messages"]] + seen
        assert page["totalMessages"] == 10
        if not page["hasMore"]:
            break
        offset = page["nextOffset"]
    assert seen == list(range(1, 11))


async def test_a_page_around_a_message_holds_it(box: Box) -> None:
    for number in range(6):
        await box.say(f"message {number}")
    everything = (await box.call("chat.history", {"sessionKey": "main"}))["messages"]
    wanted = everything[4]["__openclaw"]["id"]
    page = await box.call("chat.history", {"sessionKey": "main", "limit": 4, "messageId": wanted})
    assert wanted in [one["__openclaw"]["id"] for one in page["messages"]]
    assert len(page["messages"]) == 4


async def test_a_small_budget_keeps_the_newest_messages(box: Box) -> None:
    for number in range(5):
        await box.say(f"{number}" * 400)
    page = await box.call("chat.history", {"sessionKey": "main", "maxBytes": 1500})
    assert page["hasMore"]
    assert page["messages"][-1]["__openclaw"]["seq"] == 10
    assert page["nextOffset"] == len(page["messages"])


async def test_a_cursor_gives_only_what_came_since(box: Box) -> None:
    await box.say("one")
    cursor = (await box.call("chat.history", {"sessionKey": "main"}))["deltaCursor"]
    empty = await box.call("chat.history", {"sessionKey": "main", "cursor": cursor})
    assert (empty["kind"], empty["messages"], empty["deltaCursor"]) == ("delta", [], cursor)
    await box.say("two")
    delta = await box.call("chat.history", {"sessionKey": "main", "cursor": cursor})
    assert [one["messageSeq"] for one in delta["messages"]] == [3, 4]
    assert delta["messages"][0]["message"]["content"] == "two"
    assert delta["sessionInfo"]["key"] == MAIN


@pytest.mark.parametrize("cursor", ["", "nonsense", "x@1-2", "@1-1"])
async def test_a_cursor_that_does_not_fit_asks_for_a_new_start(box: Box, cursor: str) -> None:
    await box.say("one")
    assert await box.call("chat.history", {"sessionKey": "main", "cursor": cursor}) == {"kind": "reset"}


async def test_a_cursor_from_before_a_reset_does_not_fit(box: Box) -> None:
    await box.say("one")
    cursor = (await box.call("chat.history", {"sessionKey": "main"}))["deltaCursor"]
    await box.call("sessions.reset", {"key": "main"})
    assert await box.call("chat.history", {"sessionKey": "main", "cursor": cursor}) == {"kind": "reset"}


async def test_a_session_that_nobody_wrote_in_is_empty_and_not_made(box: Box) -> None:
    history = await box.call("chat.history", {"sessionKey": "agent:main:new"})
    assert history["messages"] == []
    assert history["hasMore"] is False
    assert await box.store.get("agent:main:new") is None


async def test_startup_is_the_history_with_models_and_commands(box: Box) -> None:
    await box.say("one")
    history = await box.call("chat.history", {"sessionKey": "main"})
    startup = await box.call("chat.startup", {"sessionKey": "main", "limit": 200})
    metadata = startup.pop("metadata")
    assert startup == history
    assert metadata["models"][0]["id"] == "one"
    assert "help" in [one["name"] for one in metadata["commands"]]
    session_id = history["sessionId"]
    assert (await box.call("chat.startup", {"shortId": session_id[:8], "agentId": "main"}))["sessionId"] == session_id


async def test_while_a_run_is_busy_its_text_and_what_waits_are_shown(tmp_path: Path) -> None:
    provider = HeldProvider()
    async with open_box(tmp_path, provider) as box:
        await box.call("chat.send", {"sessionKey": "main", "message": "one", "idempotencyKey": "k1"})
        async with asyncio.timeout(10):
            await provider.started.wait()
        await box.call("chat.send", {"sessionKey": "main", "message": "two", "idempotencyKey": "k2"})
        history = await box.call("chat.history", {"sessionKey": "main", "inputRunIds": ["k1", "k2"]})
        assert history["inFlightRun"] == {"runId": "k1", "text": "thinking"}
        assert history["pendingInputs"]["total"] == 1
        assert history["pendingInputs"]["items"][0]["runId"] == "k2"
        assert history["sessionInfo"]["activeRunIds"] == ["k1"]
        assert [one["state"] for one in history["inputReceipts"]] == ["consumed", "pending"]
        provider.go.set()
        await box.dispatcher.wait("k2", 10)


async def test_abort_ends_the_run_within_its_stream(tmp_path: Path) -> None:
    provider = HeldProvider()
    async with open_box(tmp_path, provider) as box:
        await box.call("chat.send", {"sessionKey": "main", "message": "one", "idempotencyKey": "k1"})
        async with asyncio.timeout(10):
            await provider.started.wait()
        assert await box.call("chat.abort", {"sessionKey": "main"}) == {"ok": True, "aborted": True, "runIds": ["k1"]}
        assert provider.broken_off == 1
        assert await box.call("chat.abort", {"sessionKey": "main"}) == {"ok": True, "aborted": False, "runIds": []}


async def test_abort_of_a_run_of_another_session_is_refused(box: Box) -> None:
    run_id = await box.say("one")
    with pytest.raises(Refused, match="runId does not match sessionKey"):
        await box.call("chat.abort", {"sessionKey": "agent:main:other", "runId": run_id})


async def test_an_injected_note_is_part_of_the_transcript(box: Box) -> None:
    await box.say("one")
    result = await box.call("chat.inject", {"sessionKey": "main", "message": "Maintenance at 3.", "label": "admin"})
    last = (await box.call("chat.history", {"sessionKey": "main"}))["messages"][-1]
    assert last["__openclaw"]["id"] == result["messageId"]
    assert last["content"][0]["text"] == "[admin]\n\nMaintenance at 3."
    whole = await box.call("chat.message.get", {"sessionKey": "main", "messageId": result["messageId"]})
    assert whole["message"] == last


async def test_a_message_that_is_not_there_is_said_to_be_so(box: Box) -> None:
    answer = await box.call("chat.message.get", {"sessionKey": "main", "messageId": "nope"})
    assert answer == {"ok": False, "unavailableReason": "not_found"}


@pytest.mark.parametrize(
    ("method", "params", "scopes", "missing"),
    [
        (
            "chat.send",
            {"sessionKey": "main", "message": "x", "idempotencyKey": "k"},
            {"operator.read"},
            "operator.write",
        ),
        ("chat.inject", {"sessionKey": "main", "message": "x"}, {"operator.write"}, "operator.admin"),
        ("chat.history", {"sessionKey": "main"}, {"operator.approvals"}, "operator.read"),
    ],
)
async def test_a_missing_scope_is_named(
    box: Box, method: str, params: dict[str, str], scopes: set[str], missing: str
) -> None:
    with pytest.raises(Refused) as caught:
        await box.call(method, params, by=caller(frozenset(scopes)))
    assert caught.value.error["details"]["missingScope"] == missing


async def test_the_narrow_scopes_are_enough_for_a_chat(box: Box) -> None:
    narrow = caller(frozenset({"operator.sessions.write"}))
    await box.call("chat.send", {"sessionKey": "main", "message": "x", "idempotencyKey": "k"}, by=narrow)
    await box.dispatcher.wait("k", 10)
    assert await box.call("chat.history", {"sessionKey": "main"}, by=caller(frozenset({"operator.sessions.read"})))


async def test_who_sends_takes_part_in_the_run(box: Box) -> None:
    sender = caller()
    await box.call("chat.send", {"sessionKey": "main", "message": "x", "idempotencyKey": "k"}, by=sender)
    assert "k" in sender.subscriptions.runs
    await box.dispatcher.wait("k", 10)
