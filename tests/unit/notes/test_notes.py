import asyncio

import pytest

from appliance.notes.note_store import MAX_NOTES
from tests.unit.notes.conftest import Box


async def test_a_note_is_written_and_read_out(box: Box) -> None:
    assert (await box.call("note_list")).text == "There are no notes yet."
    assert (await box.call("note_add", text="The boiler code is 4711")).text == "Noted: The boiler code is 4711"
    assert (await box.call("note_list")).text == "1 note: The boiler code is 4711"


async def test_the_newest_notes_come_first_and_the_rest_is_counted(box: Box) -> None:
    for number in range(12):
        await box.call("note_add", text=f"note number {number}")
    text = (await box.call("note_list")).text
    assert text.startswith("12 notes:\n1. note number 11\n2. note number 10")
    assert text.endswith("… and 2 older ones.")


async def test_notes_are_found_by_the_beginnings_of_their_words_without_case_and_accents(box: Box) -> None:
    await box.call("note_add", text="Café Müller closes at six")
    await box.call("note_add", text="The boiler code is 4711")
    assert (await box.call("note_search", query="what did I note about the cafe")).text == (
        "1 note: Café Müller closes at six"
    )
    assert "4711" in (await box.call("note_search", query="BOIL cod")).text
    assert (await box.call("note_search", query="taxes")).text == "No note says anything about taxes."


async def test_one_note_is_deleted_by_its_words_and_of_two_the_box_asks_which(box: Box) -> None:
    await box.call("note_add", text="Paint the fence")
    await box.call("note_add", text="Paint the door")
    asked = await box.call("note_delete", query="paint")
    assert asked.is_error
    assert asked.text.startswith("Which one? 2 notes:")
    assert (await box.call("note_delete", query="door")).text == "Deleted the note: Paint the door"
    assert (await box.call("note_delete", query="door")).is_error


async def test_the_same_call_again_writes_one_note(box: Box) -> None:
    first = await box.call("note_add", call_id="one", text="once")
    assert (await box.call("note_add", call_id="one", text="once")).text == first.text
    assert len((await box.call("note_list")).data["notes"]) == 1


async def test_a_session_does_not_see_the_notes_of_another(box: Box) -> None:
    await box.call("note_add", text="my secret")
    box.session("agent:main:telegram:group:1")
    assert (await box.call("note_search", query="secret")).text == "No note says anything about secret."
    assert (await box.call("note_delete", query="secret")).is_error


@pytest.mark.parametrize(("length", "refused"), [(4000, False), (4001, True), (0, True)])
async def test_a_note_has_a_length(box: Box, length: int, refused: bool) -> None:
    assert (await box.call("note_add", text="x" * length)).is_error is refused


async def test_notes_are_kept_up_to_their_cap_and_not_one_more(box: Box) -> None:
    for start in range(0, MAX_NOTES, 250):
        await asyncio.gather(*(box.call("note_add", text=f"n{start + one}") for one in range(250)))
    result = await box.call("note_add", text="one more")
    assert result.is_error
    assert str(MAX_NOTES) in result.text
