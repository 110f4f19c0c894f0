from __future__ import annotations

import json

import pytest

from appliance.sessions.errors import ConflictError, SessionError
from appliance.sessions.model import RunStatus
from appliance.sessions.store import SessionStore
from tests.unit.sessions.conftest import KEY, inbound, said


async def exported(store: SessionStore) -> list[str]:
    return [line async for line in store.export_jsonl(KEY)]


@pytest.fixture
async def lines(store: SessionStore) -> list[str]:
    await store.create(KEY, "main", 50, label="work", settings={"model": "a"})
    await store.append(KEY, None, [said("before the reset", "user")], 60)
    await store.reset(KEY, 70)
    await store.patch(KEY, {"label": "work"}, 80)
    await store.accept(inbound("r1", "hello \N{LOBSTER} \u2028 there"))
    await store.begin_run("r1", (), 200)
    await store.finish_run("r1", RunStatus.OK, messages=[said("hi")], usage={"input": 3, "output": 4}, now_ms=300)
    return await exported(store)


async def test_an_export_is_one_json_object_a_line(lines: list[str]) -> None:
    assert [json.loads(line)["type"] for line in lines] == ["session", "entry", "entry", "entry"]
    assert not any("\n" in line for line in lines)


async def test_an_imported_session_is_the_same_session(store: SessionStore, lines: list[str]) -> None:
    before, history = await store.get(KEY), await store.history(KEY, 10)
    await store.delete(KEY, 400)
    session = await store.import_jsonl(lines, 500)
    assert before is not None
    assert session.session_id == before.session_id
    assert (session.settings, session.label, session.total_tokens) == ({"model": "a"}, "work", 7)
    assert (session.last_preview, session.derived_title) == (before.last_preview, before.derived_title)
    assert (session.message_count, session.last_seq, session.created_ms) == (2, 3, 50)
    assert await store.history(KEY, 10) == history
    assert await exported(store) == [
        lines[0].replace(f'"updatedMs":{before.updated_ms}', f'"updatedMs":{session.updated_ms}'),
        *lines[1:],
    ]
    assert len(await store.search("reset")) == 1
    (entry,) = await store.append(KEY, None, [said("goes on")], 600)
    assert entry.seq == 4


async def test_a_session_is_not_imported_over_another(store: SessionStore, lines: list[str]) -> None:
    with pytest.raises(ConflictError) as conflict:
        await store.import_jsonl(lines, 500)
    assert conflict.value.code == "session_exists"


async def test_an_export_of_many_pages_is_whole(store: SessionStore) -> None:
    await store.ensure(KEY, "main", 100)
    await store.append(KEY, None, [said(str(number)) for number in range(1203)], 200)
    assert [json.loads(line)["seq"] for line in (await exported(store))[1:]] == list(range(1, 1204))


@pytest.mark.parametrize(
    "harm",
    [
        lambda lines: [],
        lambda lines: lines[1:],
        lambda lines: [*lines, lines[0]],
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: lines[:1],
        lambda lines: [*lines, "no json"],
        lambda lines: [*lines, "{}"],
        lambda lines: [lines[0].replace('"format":1', '"format":2'), *lines[1:]],
        lambda lines: [lines[0], lines[1].replace('"role":"user"', '"role":"system"', 1), *lines[2:]],
        lambda lines: [lines[0].replace(KEY, "agent:main"), *lines[1:]],
        lambda lines: [*lines, '"' + "\ud800"],
    ],
)
async def test_a_broken_export_changes_nothing(store: SessionStore, lines: list[str], harm) -> None:
    await store.delete(KEY, 400)
    with pytest.raises(SessionError):
        await store.import_jsonl(harm(lines), 500)
    assert await store.get(KEY) is None
    assert await store.search("hello") == []


@pytest.mark.parametrize("name", ["../../escape", "a/b", "", "a\x00b", "-x", "." * 3])
async def test_a_session_id_that_is_no_name_is_refused_because_archives_are_named_by_it(
    store: SessionStore, lines: list[str], name: str
) -> None:
    await store.delete(KEY, 400)
    header = {**json.loads(lines[0]), "sessionId": name}
    with pytest.raises(SessionError):
        await store.import_jsonl([json.dumps(header), *lines[1:]], 500)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"role": "user", "content": "x"},
        {"role": "user", "content": 7, "timestamp": 1},
        {"role": "assistant", "content": "bare", "timestamp": 1},
        {"role": "assistant", "content": [{"type": "toolCall", "id": "a"}], "timestamp": 1},
        {"role": "toolResult", "content": [], "timestamp": 1},
        {"role": "user", "content": [{"type": "image"}], "timestamp": 1},
        {"role": "system", "content": [], "timestamp": 1},
        {"role": "user", "content": [], "timestamp": 1 << 60},
    ],
)
async def test_a_message_that_no_later_turn_could_read_is_refused(
    store: SessionStore, lines: list[str], message: dict[str, object]
) -> None:
    await store.delete(KEY, 400)
    broken = {**json.loads(lines[1]), "message": message}
    with pytest.raises(SessionError, match="line 2"):
        await store.import_jsonl([lines[0], json.dumps(broken), *lines[2:]], 500)
    assert await store.get(KEY) is None
