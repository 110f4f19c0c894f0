from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from appliance.sessions.errors import (
    ConflictError,
    SessionBusyError,
    SessionError,
    SessionKeyError,
    SessionMissingError,
)
from appliance.sessions.model import RunStatus, SessionFilter
from appliance.sessions.store import SessionStore
from tests.unit.sessions.conftest import KEY, inbound, said


async def test_a_session_is_made_with_its_first_use(store: SessionStore) -> None:
    assert await store.get(KEY) is None
    made = await store.ensure(KEY, "main", 100)
    assert (made.key, made.session_id, made.agent_id, made.kind, made.created_ms) == (
        KEY, "session-1", "main", "direct", 100,
    )  # fmt: skip
    assert await store.ensure(KEY, "main", 200) == made


@pytest.mark.parametrize(
    ("key", "agent"), [("main", "main"), ("agent:main:main", "other"), ("agent:MAIN:main", "main")]
)
async def test_only_a_whole_key_of_its_agent_makes_a_session(store: SessionStore, key: str, agent: str) -> None:
    with pytest.raises(SessionKeyError):
        await store.ensure(key, agent, 100)


async def test_the_row_tells_the_last_and_the_first_thing_said(store: SessionStore) -> None:
    await store.ensure(KEY, "main", 100)
    await store.append(KEY, None, [said("what is\n the   time", "user")], 200)
    await store.append(KEY, None, [said("it is late"), said("12", "toolResult")], 300)
    session = await store.get(KEY)
    assert session is not None
    assert (session.derived_title, session.last_preview) == ("what is the time", "it is late")
    assert (session.last_seq, session.message_count, session.last_activity_ms) == (3, 3, 300)


async def test_long_texts_are_cut_in_the_row(store: SessionStore) -> None:
    await store.ensure(KEY, "main", 100)
    await store.append(KEY, None, [said("x" * 60, "user"), said("y" * 161)], 200)
    session = await store.get(KEY)
    assert session is not None
    assert session.derived_title == "x" * 60
    assert session.last_preview == "y" * 159 + "…"


async def test_history_pages_by_number(store: SessionStore) -> None:
    await store.ensure(KEY, "main", 100)
    await store.append(KEY, None, [said(str(number)) for number in range(1, 11)], 200)

    async def seqs(limit: int, **bounds: int) -> list[int]:
        return [entry.seq for entry in await store.history(KEY, limit, **bounds)]

    assert await seqs(3) == [8, 9, 10]
    assert await seqs(3, before_seq=8) == [5, 6, 7]
    assert await seqs(3, after_seq=2) == [3, 4, 5]
    assert await seqs(9, after_seq=2, before_seq=4) == [3]
    assert await seqs(0) == []
    assert await store.history("agent:main:none", 5) == []


async def test_an_entry_is_found_by_its_id_in_its_own_session_only(store: SessionStore) -> None:
    other = "agent:main:other"
    for key in (KEY, other):
        await store.ensure(key, "main", 100)
    (entry,) = await store.append(KEY, None, [said("mine")], 200)
    await store.append(other, None, [said("theirs")], 200)
    assert await store.entry(KEY, entry.id) == entry
    assert await store.entry(other, entry.id) is None
    for wrong in ("", "zz", "1-", f"{entry.id}x", "-1-a", "f" * 40 + "-a"):
        assert await store.entry(KEY, wrong) is None


async def test_an_entry_with_a_key_is_stored_once(store: SessionStore) -> None:
    await store.ensure(KEY, "main", 100)
    note = ("assistant", {"role": "assistant", "content": "once"}, "key")
    (first,) = await store.append(KEY, None, [note], 200)
    again = await store.append(KEY, None, [said("before"), note, said("after")], 300)
    assert [entry.seq for entry in again] == [2, 1, 3]
    assert again[1] == first


async def test_a_transcript_needs_its_session(store: SessionStore) -> None:
    with pytest.raises(SessionMissingError):
        await store.append(KEY, None, [said("lost")], 100)


async def test_patching_merges_settings_and_counts_the_revision(store: SessionStore) -> None:
    await store.ensure(KEY, "main", 100)
    await store.patch(KEY, {"settings": {"model": "a", "thinkingLevel": "low"}, "label": " Work ", "pinned": True}, 200)
    session = await store.patch(KEY, {"settings": {"model": None}, "archived": True}, 300)
    assert session.settings == {"thinkingLevel": "low"}
    assert (session.label, session.pinned, session.archived, session.revision) == ("Work", True, True, 3)
    assert (await store.patch(KEY, {"label": None}, 400)).label is None


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "x"},
        {"base_seq = 0 --": 1},
        {"settings": "x"},
        {"label": "x" * 513},
        {"settings": {"a": "x" * 70_000}},
    ],
)
async def test_only_what_may_change_is_changed(store: SessionStore, changes: dict[str, object]) -> None:
    await store.ensure(KEY, "main", 100)
    with pytest.raises(SessionError):
        await store.patch(KEY, changes, 200)


async def test_a_label_names_one_session(store: SessionStore) -> None:
    await store.create(KEY, "main", 100, label="work", settings={"model": "a"})
    with pytest.raises(ConflictError) as conflict:
        await store.create("agent:main:other", "main", 100, label="work")
    assert conflict.value.code == "label_in_use"
    assert await store.get("agent:main:other") is None, "nothing of it was kept"
    found = await store.resolve(label="work")
    assert found is not None
    assert await store.resolve(session_id=found.session_id) == found
    assert await store.resolve(key=KEY, label="play") is None
    assert await store.resolve() is None


async def test_a_session_is_created_once(store: SessionStore) -> None:
    await store.create(KEY, "main", 100)
    with pytest.raises(ConflictError) as conflict:
        await store.create(KEY, "main", 100)
    assert conflict.value.code == "session_exists"


async def test_a_list_is_filtered_sorted_and_counted(store: SessionStore) -> None:
    for number in range(5):
        await store.create(f"agent:main:s{number}", "main", 100 + number, label=f"label {number}")
    await store.create("agent:other:telegram:group:1", "other", 50)
    await store.patch("agent:main:s1", {"pinned": True}, 200)
    await store.patch("agent:main:s2", {"archived": True}, 200)

    async def keys(filter: SessionFilter, **page: int) -> tuple[list[str], int]:
        found, total = await store.list(filter, **page)
        return [session.key.split(":")[-1] for session in found], total

    assert await keys(SessionFilter(agent_id="main")) == (["s1", "s4", "s3", "s0"], 4)
    assert await keys(SessionFilter(agent_id="main"), limit=2, offset=1) == (["s4", "s3"], 4)
    assert await keys(SessionFilter(archived=True)) == (["s2"], 1)
    assert await keys(SessionFilter(archived=None, agent_id="main")) == (["s1", "s4", "s3", "s2", "s0"], 5)
    assert await keys(SessionFilter(kind="group")) == (["1"], 1)
    assert await keys(SessionFilter(text="BEL 3")) == (["s3"], 1)
    assert await keys(SessionFilter(text="100%")) == ([], 0)
    assert await keys(SessionFilter(text="s_")) == ([], 0)
    assert await keys(SessionFilter(label="label 4")) == (["s4"], 1)
    assert await keys(SessionFilter(active_since_ms=104)) == (["s4"], 1)
    assert await keys(SessionFilter(key_prefix="agent:other:")) == (["1"], 1)


async def test_a_reset_begins_anew_under_the_same_id_and_settings(store: SessionStore) -> None:
    before = await store.create(KEY, "main", 100, label="work", settings={"model": "a"})
    await store.append(KEY, None, [said("secret plan", "user"), said("fine")], 200)
    after = await store.reset(KEY, 300)
    assert (after.session_id, after.settings, after.label) == (before.session_id, {"model": "a"}, None)
    assert (after.message_count, after.last_preview, after.derived_title) == (0, None, None)
    assert after.revision > before.revision
    assert await store.history(KEY, 10) == []
    (entry,) = await store.append(KEY, None, [said("new", "user")], 400)
    assert entry.seq == 3
    assert await store.history(KEY, 10) == [entry]
    assert [hit.entry.seq for hit in await store.search("secret")] == [1]


async def test_a_deleted_session_is_archived_first(store: SessionStore, tmp_path: Path) -> None:
    await store.accept(inbound("r1"))
    await store.begin_run("r1", (), 200)
    with pytest.raises(SessionBusyError):
        await store.delete(KEY, 300)
    await store.finish_run("r1", RunStatus.OK, messages=[said("hello yourself")], now_ms=300)
    await store.accept(inbound("r2", "waits"))
    (archived,) = await store.delete(KEY, 400)
    lines = gzip.decompress(Path(archived).read_bytes()).decode().splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["session", "entry", "entry"]
    assert Path(archived).parent == tmp_path / "archive"
    assert await store.get(KEY) is None
    assert await store.search("hello") == []
    cancelled = await store.run("r2")
    assert cancelled is not None
    assert cancelled.status is RunStatus.ABORTED
    assert not (await store.accept(inbound("r1"))).new, "a replay of an old request does not run again"
    with pytest.raises(SessionMissingError):
        await store.delete("agent:main:none", 500)


async def test_a_session_can_be_deleted_without_a_trace(store: SessionStore, tmp_path: Path) -> None:
    await store.ensure(KEY, "main", 100)
    await store.append(KEY, None, [said("forget me")], 200)
    assert await store.delete(KEY, 300, keep_archive=False) == []
    assert not (tmp_path / "archive").exists()


async def test_search_finds_words_whatever_is_typed(store: SessionStore) -> None:
    await store.ensure(KEY, "main", 100)
    await store.ensure("agent:other:main", "other", 100)
    await store.append(
        KEY, None, [said("Der Wecker klingelt um sieben", "user"), said("Café au lait", "assistant")], 200
    )
    await store.append("agent:other:main", None, [("user", {"role": "user", "content": "Wecker im Bad"}, None)], 200)
    await store.append(KEY, None, [said("wecker wecker", "toolResult")], 200)

    async def found(query: str, **options: str) -> list[str]:
        return [hit.snippet for hit in await store.search(query, **options)]

    assert sorted(await found("wecker")) == ["Der Wecker klingelt um sieben", "Wecker im Bad"]
    assert await found("wecker kling") == ["Der Wecker klingelt um sieben"]
    assert await found("cafe") == ["Café au lait"]
    assert await found("wecker", agent_id="other") == ["Wecker im Bad"]
    for odd in (
        "",
        "   ",
        '"',
        "OR",
        "wecker*) OR (",
        "NEAR(",
        "a AND",
        "-",
        "text:x",
        "'; DROP TABLE entries",
    ):
        assert await found(odd) == []


async def test_house_keeping_forgets_old_runs_and_what_a_reset_hid(store: SessionStore) -> None:
    await store.accept(inbound("old"))
    await store.begin_run("old", (), 10)
    await store.finish_run("old", RunStatus.OK, messages=[said("gone")], now_ms=20)
    await store.reset(KEY, 30)
    await store.append(KEY, None, [said("stays")], 40)
    await store.accept(inbound("waits"))
    assert await store.prune(1000, kept_ms=900) == 3
    assert [entry.seq for entry in await store.history(KEY, 10)] == [3]
    assert await store.search("gone") == []
    assert await store.run("old") is None
    assert [waiting.run_id for waiting in await store.queued()] == ["waits"]
