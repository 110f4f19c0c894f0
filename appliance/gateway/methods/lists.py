"""homarus.lists.get and change, homarus.notes.list: what was written down, to read and to check off."""

from __future__ import annotations

from appliance.gateway.method import Call, Method
from appliance.gateway.methods.addressing import Addressing
from appliance.notes.list_store import Item
from appliance.notes.naming import list_name
from appliance.notes.store import Change, NotesStore, ShownList
from appliance.protocol.errors import invalid_request
from appliance.protocol.methods.base import UNSET
from appliance.protocol.methods.lists import (
    ListItem,
    ListRow,
    ListsChangeParams,
    ListsChangeResult,
    ListsGetParams,
    ListsGetResult,
    NoteRow,
    NotesListParams,
    NotesListResult,
)


def methods(*, notes: NotesStore, addressing: Addressing) -> tuple[Method, ...]:
    """Return the methods about lists and notes."""

    async def get(_: Call, params: ListsGetParams) -> ListsGetResult:
        key = addressing.chosen(params.session_key, params.agent_id)
        name = None if params.list is None else _named(params.list)
        return ListsGetResult(lists=[_row(one) for one in await notes.lists(key, name)])

    async def change(call: Call, params: ListsChangeParams) -> ListsChangeResult:
        key = addressing.chosen(params.session_key, params.agent_id) or addressing.main().key
        wanted = Change(
            _named(params.list),
            params.clear,
            params.remove,
            params.add,
            tuple((one.place, one.item) for one in params.put_back),
        )
        did = await notes.change(key, wanted, call.now_ms)
        return ListsChangeResult(
            added=list(did.added),
            already_there=list(did.already_there),
            removed=_items(did.removed),
            missing=list(did.missing),
            list=_row(did.found) if did.found else UNSET,
        )

    async def notes_list(_: Call, params: NotesListParams) -> NotesListResult:
        key = addressing.chosen(params.session_key, params.agent_id)
        found, total = await notes.notes(key, params.query, params.limit)
        rows = [NoteRow(id=one.id, session_key=where, text=one.text, created_ms=one.created_ms) for where, one in found]
        return NotesListResult(notes=rows, total=total)

    read, write = "operator.read", "operator.write"
    return (
        Method("homarus.lists.get", read, ListsGetParams, get, result=ListsGetResult),
        Method("homarus.lists.change", write, ListsChangeParams, change, result=ListsChangeResult),
        Method("homarus.notes.list", read, NotesListParams, notes_list, result=NotesListResult),
    )


def _named(text: str) -> str:
    if not (name := list_name(text)):
        raise invalid_request(f'"{text}" is not a name for a list; use a word such as "shopping"')
    return name


def _row(found: ShownList) -> ListRow:
    return ListRow(
        session_key=found.session_key,
        name=found.name,
        created_ms=found.created_ms,
        items=_items(found.items),
        total=found.total,
    )


def _items(items: tuple[Item, ...]) -> list[ListItem]:
    return [ListItem(place=one.place, item=one.item) for one in items]
