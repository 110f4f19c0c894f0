"""sessions.*: lists, changes, subscriptions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.events import SessionChanged
from appliance.gateway.methods.session_changes import create_scope, delete_scope, patch_scope
from appliance.protocol.methods.session_changes import SessionsCreateParams, SessionsDeleteParams, SessionsPatchParams
from tests.unit.gateway.methods.box import Box, HeldProvider, Refused, caller, open_box

MAIN = "agent:main:main"


def changes(box: Box) -> list[tuple[str, str]]:
    """Collect (key, reason) of every session change from now on."""
    seen: list[tuple[str, str]] = []
    box.bus.listen(SessionChanged, lambda event: seen.append((event.session_key, event.reason)))
    return seen


async def test_a_new_session_has_a_dashboard_key_and_is_listed(box: Box) -> None:
    seen = changes(box)
    created = await box.call("sessions.create", {"label": "Trip", "model": "best"})
    assert created["key"].startswith("agent:main:dashboard:")
    assert (created["ok"], created["runStarted"]) == (True, False)
    assert created["resolved"] == {"modelProvider": "fake", "model": "one"}
    assert seen == [(created["key"], "create")]
    listed = await box.call("sessions.list", {})
    (row,) = listed["sessions"]
    assert (row["key"], row["label"], row["classification"]) == (created["key"], "Trip", "dashboard")
    assert row["modelOverrideSource"] == "user"


async def test_a_session_can_begin_with_a_message(box: Box) -> None:
    created = await box.call("sessions.create", {"agentId": "helper", "message": "Hi", "idempotencyKey": "k1"})
    assert (created["runStarted"], created["runId"], created["status"]) == (True, "k1", "started")
    run = await box.dispatcher.wait("k1", 10)
    assert run is not None
    assert run.session_key == created["key"]


async def test_a_repeated_creation_gives_the_first_session_again(box: Box) -> None:
    request = {"label": "Once", "idempotencyKey": "k1"}
    first = await box.call("sessions.create", request)
    assert await box.call("sessions.create", request) == first
    assert (await box.call("sessions.list", {}))["totalCount"] == 1


async def test_what_is_not_there_yet_is_refused_and_not_ignored(box: Box) -> None:
    with pytest.raises(Refused, match="worktree is not available"):
        await box.call("sessions.create", {"worktree": True})
    with pytest.raises(Refused, match="permission_mode is not available"):
        await box.call("sessions.create", {"permissionMode": "read-only"})


async def test_pages_of_a_list_hold_every_session_once(box: Box) -> None:
    for number in range(5):
        await box.call("sessions.create", {"key": f"agent:main:s{number}"})
    keys: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = await box.call("sessions.list", {"limit": 2, "offset": offset})
        assert page["totalCount"] == 5
        keys += [row["key"] for row in page["sessions"]]
        offset = page["nextOffset"]
    assert sorted(keys) == [f"agent:main:s{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"main", "work", "sub"}),
        ({"search": "wor"}, {"work"}),
        ({"label": "Work"}, {"work"}),
        ({"pinned": True}, {"work"}),
        ({"archived": True}, {"old"}),
        ({"archived": "all"}, {"main", "work", "sub", "old"}),
        ({"excludeSubagents": True}, {"main", "work"}),
        ({"agentId": "helper"}, set()),
        ({"requireLastInteraction": True}, {"main"}),
        ({"activeMinutes": 5}, {"main", "work", "sub"}),
        ({"activeOnly": True}, set()),
        ({"includeGlobal": True, "includeUnknown": False}, {"main", "work", "sub"}),
        ({"sortBy": "lastInteractionAt", "configuredAgentsOnly": True}, {"main", "work", "sub"}),
    ],
)
async def test_each_filter_of_a_list_does_what_it_says(
    box: Box, filters: dict[str, object], expected: set[str]
) -> None:
    await box.say("Hi")
    await box.call("sessions.create", {"key": "agent:main:work", "label": "Work"})
    await box.call("sessions.patch", {"key": "agent:main:work", "pinned": True})
    await box.call("sessions.create", {"key": "agent:main:old"})
    await box.call("sessions.patch", {"key": "agent:main:old", "archived": True})
    await box.call("sessions.create", {"key": "agent:main:subagent:sub"})
    listed = await box.call("sessions.list", filters)
    assert {row["key"].rsplit(":", 1)[-1] for row in listed["sessions"]} == expected
    assert listed["totalCount"] == len(expected)


async def test_a_change_is_stored_told_and_returned(box: Box) -> None:
    await box.say("Hi")
    seen = changes(box)
    patched = await box.call(
        "sessions.patch", {"key": "main", "label": "Home", "model": "fake/two", "thinkingLevel": "low"}
    )
    assert patched["entry"]["label"] == "Home"
    assert patched["resolved"] == {"modelProvider": "fake", "model": "two"}
    assert seen == [(MAIN, "patch")]
    row = (await box.call("sessions.describe", {"key": "main"}))["session"]
    assert (row["label"], row["model"], row["thinkingLevel"]) == ("Home", "two", "low")
    cleared = await box.call("sessions.patch", {"key": "main", "label": None, "model": None})
    assert "label" not in cleared["entry"]
    assert cleared["resolved"]["model"] == "one"


async def test_a_model_that_is_not_set_up_cannot_be_chosen(box: Box) -> None:
    with pytest.raises(Refused, match="unknown model"):
        await box.call("sessions.patch", {"key": "main", "model": "fake/none"})


async def test_a_label_belongs_to_one_session(box: Box) -> None:
    await box.call("sessions.create", {"label": "Home"})
    with pytest.raises(Refused) as caught:
        await box.call("sessions.create", {"label": "Home"})
    assert caught.value.error["code"] == "INVALID_REQUEST"


async def test_a_guard_of_before_a_reset_does_not_hold_after_it(box: Box) -> None:
    await box.say("Hi")
    before = (await box.call("sessions.patch", {"key": "main", "unread": False}))["entry"]["lifecycleRevision"]
    same = {"key": "main", "pinned": True, "expectedLifecycleRevision": before}
    assert (await box.call("sessions.patch", same))["entry"]["lifecycleRevision"] == before
    await box.call("sessions.reset", {"key": "main"})
    with pytest.raises(Refused) as caught:
        await box.call("sessions.patch", same)
    assert caught.value.error["details"]["reason"] == "session-changed"


async def test_a_reset_keeps_the_session_and_drops_what_was_said(box: Box) -> None:
    await box.say("Hi")
    before = await box.store.get(MAIN)
    seen = changes(box)
    result = await box.call("sessions.reset", {"key": "main", "reason": "new"})
    assert before is not None
    assert result["entry"]["sessionId"] == before.session_id
    assert seen == [(MAIN, "new")]
    assert (await box.call("chat.history", {"sessionKey": "main"}))["messages"] == []


async def test_a_reset_ends_the_run_first(tmp_path: Path) -> None:
    provider = HeldProvider()
    async with open_box(tmp_path, provider) as box:
        await box.call("chat.send", {"sessionKey": "main", "message": "one", "idempotencyKey": "k1"})
        async with asyncio.timeout(10):
            await provider.started.wait()
        await box.call("sessions.reset", {"key": "main"})
        assert provider.broken_off == 1
        assert (await box.call("chat.history", {"sessionKey": "main"}))["messages"] == []


async def test_a_deleted_session_leaves_an_archive(box: Box) -> None:
    await box.say("Hi", "agent:main:work")
    result = await box.call("sessions.delete", {"key": "agent:main:work"})
    assert result["deleted"] is True
    assert Path(result["archived"][0]).is_file()
    again = await box.call("sessions.delete", {"key": "agent:main:work"})
    assert again == {"key": "agent:main:work", "deleted": False, "archived": [], "ok": True}


async def test_the_main_session_cannot_be_deleted(box: Box) -> None:
    await box.say("Hi")
    with pytest.raises(Refused, match="main session"):
        await box.call("sessions.delete", {"key": "main"})


async def test_only_what_is_archived_is_tidied_up_without_admin(box: Box) -> None:
    await box.say("Hi", "agent:main:work")
    writer = caller(frozenset({"operator.write"}))
    with pytest.raises(Refused, match="not archived"):
        await box.call("sessions.delete", {"key": "agent:main:work", "archivedOnly": True}, by=writer)
    with pytest.raises(Refused, match=r"missing scope: operator\.admin"):
        await box.call("sessions.delete", {"key": "agent:main:work"}, by=writer)


def test_the_scope_of_a_change_follows_its_fields() -> None:
    assert patch_scope(SessionsPatchParams(key="main", label="x", model=None, pinned=True)) == "operator.write"
    assert patch_scope(SessionsPatchParams(key="main", label="x", thinking_level="low")) == "operator.admin"
    assert patch_scope(SessionsPatchParams(key="main", exec_host="node")) == "operator.admin"
    assert delete_scope(SessionsDeleteParams(key="x", archived_only=True)) == "operator.write"
    assert delete_scope(SessionsDeleteParams(key="x")) == "operator.admin"
    assert create_scope(SessionsCreateParams(message="x")) == "operator.write"
    assert create_scope(SessionsCreateParams(permission_mode="full")) == "operator.admin"


async def test_a_session_is_found_by_key_id_label_and_short_id(box: Box) -> None:
    created = await box.call("sessions.create", {"key": "agent:main:work", "label": "Work"})
    found = {"ok": True, "key": "agent:main:work", "agentId": "main", "displayName": "Work"}
    session_id = created["sessionId"]
    for wanted in (
        {"key": "work"},
        {"sessionId": session_id},
        {"label": "Work"},
        {"shortId": session_id[:8]},
        {"reference": {"key": "agent:main:work"}},
    ):
        assert await box.call("sessions.resolve", wanted) == found


async def test_what_is_not_found_is_an_error_unless_asked_for(box: Box) -> None:
    with pytest.raises(Refused, match="No session found: nope"):
        await box.call("sessions.resolve", {"key": "nope"})
    assert await box.call("sessions.resolve", {"key": "nope", "allowMissing": True}) == {"ok": False}


async def test_previews_are_short_and_say_what_is_missing(box: Box) -> None:
    await box.say("word " * 100)
    await box.call("sessions.create", {"key": "agent:main:empty"})
    keys = ["main", "agent:main:empty", "agent:main:nope"]
    previews = (await box.call("sessions.preview", {"keys": keys, "maxChars": 30}))["previews"]
    assert [(one["key"], one["status"]) for one in previews] == list(zip(keys, ("ok", "empty", "missing"), strict=True))
    assert [item["role"] for item in previews[0]["items"]] == ["user", "assistant"]
    assert len(previews[0]["items"][0]["text"]) == 30


async def test_subscriptions_belong_to_the_connection(box: Box) -> None:
    listener = caller()
    assert await box.call("sessions.subscribe", None, by=listener) == {"subscribed": True}
    assert listener.subscriptions.sessions
    answer = await box.call("sessions.messages.subscribe", {"key": "main"}, by=listener)
    assert answer == {"subscribed": True, "key": MAIN}
    assert listener.subscriptions.messages == {MAIN}
    await box.call("sessions.messages.unsubscribe", {"key": "main"}, by=listener)
    await box.call("sessions.unsubscribe", {}, by=listener)
    assert not listener.subscriptions.messages
    assert not listener.subscriptions.sessions


async def test_a_connection_listens_to_as_many_sessions_as_allowed_and_no_more(box: Box) -> None:
    listener = caller()
    for number in range(512):
        await box.call("sessions.messages.subscribe", {"key": f"agent:main:s{number}"}, by=listener)
    with pytest.raises(Refused, match="too many subscriptions"):
        await box.call("sessions.messages.subscribe", {"key": "agent:main:more"}, by=listener)
    await box.call("sessions.messages.subscribe", {"key": "agent:main:s0"}, by=listener)


async def test_a_message_goes_to_an_existing_session_only(box: Box) -> None:
    with pytest.raises(Refused, match="session not found"):
        await box.call("sessions.send", {"key": "agent:main:nope", "message": "Hi"})
    await box.call("sessions.create", {"key": "agent:main:work"})
    ack = await box.call("sessions.send", {"key": "agent:main:work", "message": "Hi"})
    assert await box.dispatcher.wait(ack["runId"], 10) is not None
    assert len((await box.call("sessions.get", {"key": "agent:main:work"}))["messages"]) == 2


async def test_an_abort_by_run_finds_the_session(tmp_path: Path) -> None:
    provider = HeldProvider()
    async with open_box(tmp_path, provider) as box:
        assert (await box.call("sessions.abort", {"key": "main"}))["status"] == "no-active-run"
        await box.call("chat.send", {"sessionKey": "main", "message": "one", "idempotencyKey": "k1"})
        async with asyncio.timeout(10):
            await provider.started.wait()
        answer = await box.call("sessions.abort", {"runId": "k1"})
        assert answer == {"ok": True, "abortedRunId": "k1", "status": "aborted"}


async def test_usage_adds_up_tokens_and_costs(box: Box) -> None:
    await box.say("one")
    await box.say("two", "agent:main:work")
    usage = await box.call("sessions.usage", {"range": "7d", "mode": "utc"})
    assert len(usage["sessions"]) == 2
    assert usage["totals"]["input"] == sum(one["usage"]["input"] for one in usage["sessions"]) == 2
    assert usage["totals"]["totalCost"] == pytest.approx(2 * (1 + 2) / 1_000_000)
    only = await box.call("sessions.usage", {"key": "main"})
    assert [one["key"] for one in only["sessions"]] == [MAIN]


async def test_the_cost_of_each_day_adds_up_to_the_whole(box: Box) -> None:
    await box.say("one")
    answer = await box.call("usage.cost", {"days": 3})
    assert (len(answer["daily"]), answer["days"]) == (3, 3)
    assert [day["input"] for day in answer["daily"]] == [0, 0, 1], "the oldest first, today last"
    assert answer["daily"][-1]["totalCost"] == answer["totals"]["totalCost"] == pytest.approx(3 / 1_000_000)
    assert len((await box.call("usage.cost"))["daily"]) == 30
    with pytest.raises(Refused):
        await box.call("usage.cost", {"days": 367})


@pytest.mark.parametrize(
    "params",
    [
        {"startDate": "2026-02-30"},
        {"startDate": "2026-03-02", "endDate": "2026-03-01"},
        {"mode": "specific", "timeZone": "Moon/Crater"},
        {"mode": "specific", "utcOffset": "UTC+99"},
    ],
)
async def test_days_that_do_not_exist_are_refused(box: Box, params: dict[str, str]) -> None:
    with pytest.raises(Refused, match=r"invalid date range|unknown time zone"):
        await box.call("sessions.usage", params)


async def test_a_session_leaves_the_box_and_comes_back(box: Box) -> None:
    await box.say("a needle in the hay", "agent:main:work")
    hits = (await box.call("homarus.sessions.search", {"query": "needle"}))["hits"]
    assert [(hit["key"], hit["role"]) for hit in hits] == [("agent:main:work", "user")]
    lines = (await box.call("homarus.sessions.export", {"key": "agent:main:work"}))["lines"]
    await box.call("sessions.delete", {"key": "agent:main:work"})
    back = await box.call("homarus.sessions.import", {"lines": lines})
    assert (back["key"], back["entries"]) == ("agent:main:work", 2)


async def test_an_unknown_member_is_named(box: Box) -> None:
    with pytest.raises(Refused, match=r"invalid sessions\.describe params: .*'?colour"):
        await box.call("sessions.describe", {"key": "main", "colour": "red"})
