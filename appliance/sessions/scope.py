"""Which session a message from a channel belongs to: dmScope and identity links. Pure.

The rule that everything here serves: two people share a session only where the configuration says so (mission S2).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

from appliance.sessions.errors import SessionKeyError
from appliance.sessions.keys import DEFAULT_MAIN_KEY, SessionKey, check_agent_id, escape

# A channel with one of these names would make keys that read as something else.
_RESERVED = frozenset(
    {"subagent", "cron", "dashboard", "openai", "direct", "group", "channel", "global", "main", "agent"}
)


class DmScope(enum.StrEnum):
    """How far direct messages are kept apart (behaviour.md 2)."""

    MAIN = "main"
    PER_PEER = "per-peer"
    PER_CHANNEL_PEER = "per-channel-peer"
    PER_ACCOUNT_CHANNEL_PEER = "per-account-channel-peer"


class ChatType(enum.StrEnum):
    """Where a message was written."""

    DIRECT = "direct"
    GROUP = "group"
    CHANNEL = "channel"


class GroupScope(enum.StrEnum):
    """Whether groups have sessions of their own or speak in the main one."""

    PER_GROUP = "per-group"
    MAIN = "main"


IdentityLinks = Mapping[str, Sequence[str]]


def linked_person(links: IdentityLinks, channel: str, peer: str) -> str | None:
    """Return the canonical id of a person whose account `channel:peer` is linked; the first entry wins."""
    account = f"{channel}:{peer}"
    return next((person for person, accounts in links.items() if account in accounts), None)


def session_key_for(
    dm_scope: DmScope,
    identity_links: IdentityLinks,
    *,
    agent_id: str,
    channel: str,
    account: str,
    peer: str,
    chat_type: ChatType = ChatType.DIRECT,
    thread: str | None = None,
    main_name: str = DEFAULT_MAIN_KEY,
    group_scope: GroupScope = GroupScope.PER_GROUP,
) -> str:
    """Return the session key of a message. `peer` is the person (direct) or the room (group, channel).

    Accounts linked in `identity_links` share one session in every scope but main, across channels. An account that is
    not linked keeps its channel in the key even with per-peer: the same id on two channels is two people.
    Raises SessionKeyError for an empty or reserved name.
    """
    agent_id = check_agent_id(agent_id)
    if channel in _RESERVED:
        raise SessionKeyError(f"a channel must not be called {channel!r}; rename it")
    room = chat_type is not ChatType.DIRECT
    if (group_scope is GroupScope.MAIN) if room else (dm_scope is DmScope.MAIN):
        parts: tuple[str, ...] = (escape(main_name),)
    elif room:
        parts = (escape(channel), chat_type.value, escape(peer))
    else:
        parts = _direct(dm_scope, identity_links, channel, account, peer)
    if thread is not None:
        parts = (*parts, "topic" if chat_type is ChatType.GROUP else "thread", escape(thread))
    return str(SessionKey(agent_id, parts))


def _direct(dm_scope: DmScope, links: IdentityLinks, channel: str, account: str, peer: str) -> tuple[str, ...]:
    if (person := linked_person(links, channel, peer)) is not None:
        return ("direct", escape(person))
    if dm_scope is DmScope.PER_ACCOUNT_CHANNEL_PEER:
        return (escape(channel), escape(account), "direct", escape(peer))
    return (escape(channel), "direct", escape(peer))
