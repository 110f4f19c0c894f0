"""Transcript entries in the shape that chat clients read."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from appliance.events import EntryStored
from appliance.gateway.methods.history import Cursor
from appliance.gateway.methods.transcript_wire import fit, plain_text, size_of, wire_message, wire_stored
from appliance.sessions.model import Entry, EntryRole


def entry(message: dict[str, Any], role: EntryRole, **more: Any) -> Entry:
    facts: dict[str, Any] = {"run_id": "r1", "idempotency_key": None, **more}
    return Entry(
        id="e1",
        seq=3,
        session_key="agent:main:main",
        session_id="s1",
        role=role,
        message=message,
        created_ms=1000,
        **facts,
    )


def test_an_entry_carries_its_facts() -> None:
    wire = wire_message(entry({"role": "assistant", "content": [{"type": "text", "text": "Hi"}]}, EntryRole.ASSISTANT))
    assert wire["__openclaw"] == {"id": "e1", "seq": 3, "recordTimestampMs": 1000, "runId": "r1"}
    assert plain_text(wire) == "Hi"


def test_a_users_entry_names_the_key_that_it_was_sent_with() -> None:
    wire = wire_message(entry({"role": "user", "content": "Hi"}, EntryRole.USER, idempotency_key="k1:user"))
    assert wire["idempotencyKey"] == "k1:user"


def test_a_stored_event_reads_like_the_history() -> None:
    message = {"role": "user", "content": "Hi", "timestamp": 1000}
    stored = EntryStored("agent:main:main", "main", "e1", 3, "r1", message, 1000)
    assert wire_stored(stored) == wire_message(entry(message, EntryRole.USER))


def test_a_note_of_the_box_is_shown_as_the_assistants() -> None:
    assert wire_message(entry({"role": "note", "content": "x"}, EntryRole.NOTE))["role"] == "assistant"


def test_a_picture_stays_on_the_box() -> None:
    image = {"type": "image", "mimeType": "image/png", "blob": "ab" * 32}
    wire = wire_message(entry({"role": "user", "content": [{"type": "text", "text": "see"}, image]}, EntryRole.USER))
    assert wire["content"][1] == {"type": "image", "omitted": True, "mimeType": "image/png", "sha256": "ab" * 32}


def test_a_text_at_the_limit_is_whole_and_one_longer_is_cut_and_marked() -> None:
    message = {"role": "user", "content": "12345"}
    whole = wire_message(entry(message, EntryRole.USER), 5)
    assert whole["content"] == "12345"
    assert "truncated" not in whole["__openclaw"]
    cut = wire_message(entry(message, EntryRole.USER), 4)
    assert cut["content"].startswith("1234\n")
    assert cut["__openclaw"]["truncated"] is True


def test_the_newest_messages_are_kept_when_bytes_run_out() -> None:
    messages = [wire_message(entry({"role": "user", "content": "x" * 100}, EntryRole.USER)) for _ in range(5)]
    size = size_of(messages[0])
    assert len(fit(messages, size * 3)) == 3
    assert len(fit(messages, size * 3 - 1)) == 2


def test_a_message_that_never_fits_is_named_instead() -> None:
    huge = wire_message(entry({"role": "user", "content": "x" * 5000}, EntryRole.USER))
    (shown,) = fit([huge], 1024)
    assert "too large" in plain_text(shown)
    assert shown["__openclaw"]["id"] == "e1"


@given(st.lists(st.integers(0, 3000), max_size=20), st.integers(1024, 8000))
def test_what_fits_never_takes_more_than_asked_for(sizes: list[int], limit: int) -> None:
    messages = [wire_message(entry({"role": "user", "content": "x" * size}, EntryRole.USER)) for size in sizes]
    kept = fit(messages, limit)
    assert sum(size_of(one) for one in kept) <= limit
    assert bool(kept) == bool(messages)


@given(st.uuids(), st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_cursor_reads_back_as_it_was_written(session: object, first: int, seq: int) -> None:
    cursor = Cursor(str(session), first, seq)
    assert Cursor.parse(str(cursor)) == cursor


@given(st.text())
def test_no_text_makes_the_cursor_reader_fail(text: str) -> None:
    Cursor.parse(text)
