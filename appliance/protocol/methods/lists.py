"""Lists and notes for those who show them and check items off."""

from __future__ import annotations

from typing import Annotated

import msgspec

from appliance.protocol.methods.base import UNSET, KeyText, Name200, Params, Result, Unset

MAX_NOTES_SHOWN = 200

_ItemText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_ListName = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Items = Annotated[tuple[_ItemText, ...], msgspec.Meta(max_length=50)]


class ListItem(Result, frozen=True):
    """One entry; `place` orders a list and keeps its meaning while the entry is on it."""

    place: int
    item: str


class ListRow(Result, frozen=True):
    """A list with its first items; `total` counts all. `name` is as lists are compared: "shopping"."""

    session_key: str
    name: str
    created_ms: int
    items: list[ListItem]
    total: int


class ListsGetParams(Params, frozen=True):
    """Without `session_key` the lists of every session; with `list` only the one of this name."""

    session_key: KeyText | None = None
    agent_id: Name200 | None = None
    list: _ListName | None = None


class ListsGetResult(Result, frozen=True):
    """At most 200 lists with 2000 items over all; a list whose items are cut short says so by its `total`."""

    lists: list[ListRow]


class PutBack(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An item that was checked off and its old place, which it gets again if that is free."""

    place: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    item: _ItemText


_PutBacks = Annotated[tuple[PutBack, ...], msgspec.Meta(max_length=50)]


class ListsChangeParams(Params, frozen=True):
    """One list, of the main session unless `session_key` says another; it is made when something is put on it.

    Done in this order: `clear`, `remove`, `add`, `put_back`.
    """

    list: _ListName
    session_key: KeyText | None = None
    agent_id: Name200 | None = None
    clear: bool = False
    remove: _Items = ()
    add: _Items = ()
    put_back: _PutBacks = ()


class ListsChangeResult(Result, frozen=True):
    """What changed, and the list as it is now: absent when it is gone."""

    added: list[str]
    already_there: list[str]
    removed: list[ListItem]
    missing: list[str]
    list: ListRow | Unset = UNSET


class NotesListParams(Params, frozen=True):
    """Without `session_key` the notes of every session; `query` keeps those in which each of its words begins one."""

    session_key: KeyText | None = None
    agent_id: Name200 | None = None
    query: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_NOTES_SHOWN)] = 100


class NoteRow(Result, frozen=True):
    id: str
    session_key: str
    text: str
    created_ms: int


class NotesListResult(Result, frozen=True):
    """The newest first; `total` counts those that were left out as well."""

    notes: list[NoteRow]
    total: int
