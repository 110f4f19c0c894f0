from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.sessions.errors import SessionKeyError
from appliance.sessions.keys import KeyKind, SessionKey, escape, main_key, resolve_alias


@pytest.mark.parametrize(
    ("text", "kind", "wire_kind", "channel"),
    [
        ("agent:main:main", KeyKind.NAMED, "direct", None),
        ("agent:main:my notes", KeyKind.NAMED, "direct", None),
        ("agent:main:dashboard:1f", KeyKind.DASHBOARD, "direct", None),
        ("agent:main:openai:1f", KeyKind.OPENAI, "direct", None),
        ("agent:main:cron:job:run:1", KeyKind.CRON, "direct", None),
        ("agent:main:subagent:1f", KeyKind.SUBAGENT, "direct", None),
        ("agent:main:telegram:direct:7", KeyKind.DIRECT, "direct", "telegram"),
        ("agent:main:telegram:work:direct:7", KeyKind.DIRECT, "direct", "telegram"),
        ("agent:main:direct:alice", KeyKind.DIRECT, "direct", None),
        ("agent:main:telegram:group:-100:topic:5", KeyKind.GROUP, "group", "telegram"),
        ("agent:main:slack:channel:C1:thread:9", KeyKind.CHANNEL, "group", "slack"),
        ("agent:main:global", KeyKind.GLOBAL, "global", None),
        ("agent:main:direct", KeyKind.NAMED, "direct", None),
    ],
)
def test_a_key_tells_what_it_names(text: str, kind: KeyKind, wire_kind: str, channel: str | None) -> None:
    key = SessionKey.parse(text)
    assert (str(key), key.kind, key.wire_kind, key.channel) == (text, kind, wire_kind, channel)


@pytest.mark.parametrize(
    "text",
    ["", "main", "agent:main", "agent::main", "agent:main:", "agent:main:a::b", "agent:-x:main", "agent:a b:main",
     "user:main:main", "agent:main:a\nb", "agent:main:a\x00", "agent:" + "a" * 65 + ":main"],
)  # fmt: skip
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(SessionKeyError):
        SessionKey.parse(text)


@pytest.mark.parametrize(("length", "fits"), [(512, True), (513, False)])
def test_a_key_has_at_most_512_characters(length: int, fits: bool) -> None:
    text = "agent:main:" + "x" * (length - 11)
    if fits:
        assert str(SessionKey.parse(text)) == text
    else:
        with pytest.raises(SessionKeyError):
            SessionKey.parse(text)


def test_agent_ids_compare_in_lower_case_and_names_do_not() -> None:
    assert str(SessionKey.parse("agent:Main:Notes")) == "agent:main:Notes"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("main", "agent:home:desk"),
        (" main ", "agent:home:desk"),
        ("agent:other:main", "agent:other:main"),
        ("ideas", "agent:home:ideas"),
        ("telegram:group:1", "agent:home:telegram:group:1"),
    ],
)
def test_a_short_name_means_the_agent_at_hand(text: str, key: str) -> None:
    assert resolve_alias(text, agent_id="home", main_name="desk") == key


def test_main_is_the_main_conversation_of_the_default_agent() -> None:
    assert resolve_alias("main") == main_key() == "agent:main:main"


@pytest.mark.parametrize("text", ["agent:", "agent", "", "agent:main", "a\tb:"])
def test_a_broken_key_is_no_short_name(text: str) -> None:
    with pytest.raises(SessionKeyError):
        resolve_alias(text)


def test_sub_agents_nest() -> None:
    first = SessionKey.parse("agent:main:telegram:direct:7").child("a")
    second = first.child("b")
    assert str(first) == "agent:main:subagent:a"
    assert str(second) == "agent:main:subagent:a:subagent:b"
    assert (first.depth, second.depth, SessionKey.parse("agent:main:main").depth) == (1, 2, 0)
    assert (second.parent, first.parent) == (first, None)


@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=300))
def test_different_texts_never_become_the_same_part(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


@given(st.lists(st.text(min_size=1, max_size=200), min_size=1, max_size=3))
def test_escaped_parts_survive_the_way_through_a_key(parts: list[str]) -> None:
    key = SessionKey("main", tuple(escape(part) for part in parts))
    assert SessionKey.parse(str(key)) == key


@given(st.text(max_size=60))
def test_whatever_is_written_is_a_key_or_refused(text: str) -> None:
    try:
        key = resolve_alias(text)
    except SessionKeyError:
        return
    assert str(SessionKey.parse(key)) == key
