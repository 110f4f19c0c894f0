from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.sessions.errors import SessionKeyError
from appliance.sessions.keys import KeyKind, SessionKey
from appliance.sessions.scope import ChatType, DmScope, GroupScope, linked_person, session_key_for

# A small alphabet, so that ids collide and look like parts of keys.
_word = st.text(st.sampled_from("ab:%3A"), min_size=1, max_size=4)
_channel = st.sampled_from(["telegram", "signal", "irc"])
_peer = st.one_of(_word, st.sampled_from(["alice", "main", "direct:alice", "group", "a:thread:b", "1:topic:2"]))
_account = st.sampled_from(["default", "work", "direct"])
_person = st.sampled_from(["alice", "bob", "telegram:1", "main"])
_links = st.dictionaries(
    _person, st.lists(st.tuples(_channel, _peer).map(":".join), max_size=3), max_size=3
)  # fmt: skip
_sender = st.tuples(_channel, _account, _peer)
_apart = st.sampled_from([scope for scope in DmScope if scope is not DmScope.MAIN])


def direct(scope: DmScope, links: dict[str, list[str]], sender: tuple[str, str, str]) -> str:
    channel, account, peer = sender
    return session_key_for(scope, links, agent_id="main", channel=channel, account=account, peer=peer)


def same_person(links: dict[str, list[str]], one: tuple[str, str, str], other: tuple[str, str, str]) -> bool:
    persons = [linked_person(links, channel, peer) for channel, _, peer in (one, other)]
    return (one[0], one[2]) == (other[0], other[2]) or (persons[0] is not None and persons[0] == persons[1])


@given(scope=_apart, links=_links, one=_sender, other=_sender)
def test_two_people_never_share_a_session(
    scope: DmScope, links: dict[str, list[str]], one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    if not same_person(links, one, other):
        assert direct(scope, links, one) != direct(scope, links, other)


@given(scope=_apart, links=_links, one=_sender, other=_sender)
def test_linked_accounts_share_one_session(
    scope: DmScope, links: dict[str, list[str]], one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    persons = [linked_person(links, channel, peer) for channel, _, peer in (one, other)]
    if persons[0] is not None and persons[0] == persons[1]:
        assert direct(scope, links, one) == direct(scope, links, other)


@given(
    scope=st.sampled_from(DmScope),
    links=_links,
    one=_sender,
    room=_peer,
    kind=st.sampled_from(["group", "channel"]),
)
def test_a_room_never_shares_a_session_with_a_direct_message(
    scope: DmScope, links: dict[str, list[str]], one: tuple[str, str, str], room: str, kind: str
) -> None:
    key = session_key_for(
        scope, links, agent_id="main", channel=one[0], account=one[1], peer=room, chat_type=ChatType(kind)
    )
    assert key != direct(scope, links, one)
    assert SessionKey.parse(key).kind is KeyKind(kind)


@given(
    scope=st.sampled_from(DmScope),
    one=st.tuples(_channel, _peer, st.sampled_from(ChatType), st.one_of(st.none(), _peer)),
    other=st.tuples(_channel, _peer, st.sampled_from(ChatType), st.one_of(st.none(), _peer)),
)
def test_different_rooms_and_threads_have_different_sessions(
    scope: DmScope,
    one: tuple[str, str, ChatType, str | None],
    other: tuple[str, str, ChatType, str | None],
) -> None:
    keys = [
        session_key_for(
            scope, {}, agent_id="main", channel=channel, account="a", peer=peer, chat_type=kind, thread=thread
        )
        for channel, peer, kind, thread in (one, other)
    ]
    rooms = [each for each in (one, other) if each[2] is not ChatType.DIRECT]
    if len(rooms) == 2 and one != other:
        assert keys[0] != keys[1]


@given(scope=st.sampled_from(DmScope), sender=_sender)
def test_a_key_is_always_readable_and_names_its_agent(scope: DmScope, sender: tuple[str, str, str]) -> None:
    key = direct(scope, {}, sender)
    assert str(SessionKey.parse(key)) == key
    assert SessionKey.parse(key).agent_id == "main"


@pytest.mark.parametrize(
    ("scope", "key"),
    [
        (DmScope.MAIN, "agent:main:main"),
        (DmScope.PER_PEER, "agent:main:telegram:direct:7"),
        (DmScope.PER_CHANNEL_PEER, "agent:main:telegram:direct:7"),
        (DmScope.PER_ACCOUNT_CHANNEL_PEER, "agent:main:telegram:work:direct:7"),
    ],
)
def test_the_keys_of_a_direct_message(scope: DmScope, key: str) -> None:
    assert direct(scope, {}, ("telegram", "work", "7")) == key


def test_a_linked_person_has_one_key_across_channels() -> None:
    links = {"alice": ["telegram:7", "signal:+49"]}
    for scope in (DmScope.PER_PEER, DmScope.PER_CHANNEL_PEER, DmScope.PER_ACCOUNT_CHANNEL_PEER):
        assert direct(scope, links, ("signal", "a", "+49")) == "agent:main:direct:alice"
    # Somebody who calls himself like a linked person is somebody else.
    assert direct(DmScope.PER_PEER, links, ("irc", "a", "alice")) == "agent:main:irc:direct:alice"


def test_a_forum_topic_and_a_thread_have_their_own_session() -> None:
    group = {"agent_id": "main", "channel": "telegram", "account": "a", "peer": "-100"}
    assert (
        session_key_for(DmScope.MAIN, {}, **group, chat_type=ChatType.GROUP, thread="5")
        == "agent:main:telegram:group:-100:topic:5"
    )
    assert (
        session_key_for(DmScope.MAIN, {}, **group, chat_type=ChatType.CHANNEL, thread="5")
        == "agent:main:telegram:channel:-100:thread:5"
    )


def test_groups_speak_in_the_main_session_only_where_configured() -> None:
    group = {
        "agent_id": "main",
        "channel": "telegram",
        "account": "a",
        "peer": "-100",
        "chat_type": ChatType.GROUP,
    }
    assert session_key_for(DmScope.MAIN, {}, **group) == "agent:main:telegram:group:-100"
    assert session_key_for(DmScope.MAIN, {}, **group, group_scope=GroupScope.MAIN) == "agent:main:main"


@pytest.mark.parametrize("channel", ["subagent", "cron", "direct", "global", "group", ""])
def test_a_channel_cannot_take_a_word_of_the_grammar(channel: str) -> None:
    with pytest.raises(SessionKeyError):
        direct(DmScope.PER_PEER, {}, (channel, "a", "7"))


def test_a_message_without_a_sender_is_refused() -> None:
    with pytest.raises(SessionKeyError):
        direct(DmScope.PER_PEER, {}, ("telegram", "a", ""))
