from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.foundation.clock import SystemClock
from appliance.notes.migrations import MIGRATIONS
from appliance.notes.undoing import UNDOERS
from appliance.storage import Database
from appliance.tools import effects
from appliance.tools.builtin.undo_last import undo_tool
from tests.unit.notes.conftest import Box


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    migrations = (*effects.MIGRATIONS, *MIGRATIONS)
    database = await Database.open(tmp_path / "state.sqlite", migrations, clock=SystemClock(), readers=1)
    box = Box(database)
    box.register(undo_tool(database.write, UNDOERS))
    yield box
    await database.aclose()


async def test_a_new_note_is_gone_after_undo(box: Box) -> None:
    await box.call("note_add", text="the key is under the mat")
    assert (await box.call("undo_last")).text == "Undone. Deleted the note: the key is under the mat"
    assert (await box.call("note_list")).text == "There are no notes yet."


async def test_a_deleted_note_comes_back_as_it_was(box: Box) -> None:
    await box.call("note_add", text="the key is under the mat")
    before = await box.call("note_list")
    await box.call("note_delete", query="key")
    assert (await box.call("undo_last")).text == "Undone. The note is back: the key is under the mat"
    assert (await box.call("note_list")).data == before.data


async def test_only_the_items_that_were_new_are_taken_off_again(box: Box) -> None:
    await box.call("list_add", list="shopping", items=["milk"])
    await box.call("list_add", list="shopping", items=["milk", "eggs"])
    assert (await box.call("undo_last")).text == "Undone. Took eggs off the shopping list."
    assert (await box.call("list_show", list="shopping")).text == "On the shopping list: milk."


@pytest.mark.parametrize("change", [("list_remove", {"items": ["eggs"]}), ("list_clear", {})])
async def test_items_come_back_in_their_old_places(box: Box, change: tuple[str, dict[str, list[str]]]) -> None:
    await box.call("list_add", list="shopping", items=["milk", "eggs", "bread"])
    name, arguments = change
    await box.call(name, list="shopping", **arguments)
    assert not (await box.call("undo_last")).is_error
    assert (await box.call("list_show", list="shopping")).text == "On the shopping list: milk, eggs and bread."


async def test_an_item_whose_place_was_taken_meanwhile_comes_back_at_the_end(box: Box) -> None:
    await box.call("list_add", list="shopping", items=["milk"])
    await box.call("list_clear", list="shopping")
    await box.call("list_add", list="shopping", items=["eggs"])
    await box.call("undo_last")  # the eggs
    await box.call("list_add", list="shopping", items=["bread"], call_id="again")
    await box.call("undo_last")  # the bread
    assert (await box.call("undo_last")).text == "Undone. On the shopping list again: milk."


async def test_a_list_that_only_had_what_was_there_already_changed_nothing_to_undo(box: Box) -> None:
    await box.call("list_add", list="shopping", items=["milk"])
    await box.call("list_add", list="shopping", items=["milk"])
    assert (await box.call("undo_last")).text == "Undone. Took milk off the shopping list."
    assert (await box.call("undo_last")).is_error
