"""Lists and notes for those who show them and check items off."""

from __future__ import annotations

import pytest

from appliance.events import ListsChanged
from appliance.notes.list_store import MAX_ITEMS
from appliance.notes.note_store import Note, add_note_in
from tests.unit.gateway.methods.box import Box, Refused, caller

MAIN = "agent:main:main"


def items(row: dict[str, list[dict[str, str]]]) -> list[str]:
    return [one["item"] for one in row["items"]]


async def test_a_list_is_made_by_its_first_item_and_read_by_any_of_its_names(box: Box) -> None:
    made = await box.call("homarus.lists.change", {"list": "The Shopping List", "add": ["Milk", "eggs", "milk"]})
    assert (made["added"], made["alreadyThere"]) == (["Milk", "eggs"], ["milk"])
    assert (made["list"]["name"], made["list"]["sessionKey"], made["list"]["total"]) == ("shopping", MAIN, 2)
    (row,) = (await box.call("homarus.lists.get", {"list": "shopping"}))["lists"]
    assert items(row) == ["Milk", "eggs"]
    assert (await box.call("homarus.lists.get", {"list": "films"}))["lists"] == []


async def test_an_item_that_was_checked_off_comes_back_to_its_old_place(box: Box) -> None:
    await box.call("homarus.lists.change", {"list": "shopping", "add": ["milk", "eggs", "tea"]})
    gone = await box.call("homarus.lists.change", {"list": "shopping", "remove": ["eggs", "bread"]})
    assert ([one["item"] for one in gone["removed"]], gone["missing"]) == (["eggs"], ["bread"])
    assert items(gone["list"]) == ["milk", "tea"]
    back = await box.call("homarus.lists.change", {"list": "shopping", "putBack": gone["removed"]})
    assert items(back["list"]) == ["milk", "eggs", "tea"]


async def test_only_the_very_item_is_taken_off(box: Box) -> None:
    await box.call("homarus.lists.change", {"list": "shopping", "add": ["milk", "oat milk"]})
    gone = await box.call("homarus.lists.change", {"list": "shopping", "remove": ["Oat Milk"]})
    assert items(gone["list"]) == ["milk"]


async def test_an_emptied_list_is_gone_and_everybody_hears_of_it(box: Box) -> None:
    told: list[ListsChanged] = []
    box.bus.listen(ListsChanged, told.append)
    await box.call("homarus.lists.change", {"list": "shopping", "add": ["milk"]})
    gone = await box.call("homarus.lists.change", {"list": "shopping", "clear": True})
    assert [one["item"] for one in gone["removed"]] == ["milk"]
    assert "list" not in gone
    assert len(told) == 2
    with pytest.raises(Refused, match="no list shopping"):
        await box.call("homarus.lists.change", {"list": "shopping", "clear": True})


async def test_each_session_has_its_own_lists(box: Box) -> None:
    for key in ("main", "agent:main:kitchen"):
        await box.call("homarus.lists.change", {"list": "shopping", "add": ["milk"], "sessionKey": key})
    rows = (await box.call("homarus.lists.get"))["lists"]
    assert sorted(row["sessionKey"] for row in rows) == ["agent:main:kitchen", MAIN]
    assert len((await box.call("homarus.lists.get", {"agentId": "main"}))["lists"]) == 1


async def test_the_bounds_of_a_change_and_of_a_list_are_kept(box: Box) -> None:
    for start in range(0, MAX_ITEMS, 50):
        many = [f"thing {number}" for number in range(start, start + 50)]
        await box.call("homarus.lists.change", {"list": "long", "add": many})
    with pytest.raises(Refused, match=str(MAX_ITEMS)):
        await box.call("homarus.lists.change", {"list": "long", "add": ["one more"]})
    with pytest.raises(Refused):
        await box.call("homarus.lists.change", {"list": "long", "add": [str(n) for n in range(51)]})
    with pytest.raises(Refused, match="name for a list"):
        await box.call("homarus.lists.change", {"list": "!", "add": ["milk"]})


async def test_an_answer_never_shows_more_than_its_share_of_items(box: Box) -> None:
    for number in range(5):
        for start in range(0, MAX_ITEMS, 50):
            many = [f"thing {one}" for one in range(start, start + 50)]
            await box.call("homarus.lists.change", {"list": f"number {number}", "add": many})
    rows = (await box.call("homarus.lists.get"))["lists"]
    assert [len(row["items"]) for row in rows] == [500, 500, 500, 500, 0]
    assert {row["total"] for row in rows} == {500}


async def test_notes_come_newest_first_and_are_found_by_the_beginnings_of_words(box: Box) -> None:
    for number, text in enumerate(("The key is under the mat", "Boiler serviced", "Spare keys at Anna's")):
        note = Note(f"n{number}", text, 1000 + number)
        await box.notes.write(lambda connection, one=note: add_note_in(connection, MAIN, one))
    answer = await box.call("homarus.notes.list", {"limit": 2})
    assert ([row["id"] for row in answer["notes"]], answer["total"]) == (["n2", "n1"], 3)
    found = await box.call("homarus.notes.list", {"query": "key"})
    assert [row["id"] for row in found["notes"]] == ["n2", "n0"]
    assert (await box.call("homarus.notes.list", {"sessionKey": "agent:main:kitchen"}))["total"] == 0


async def test_who_may_only_read_changes_nothing(box: Box) -> None:
    reader = caller(frozenset({"operator.read"}))
    assert (await box.call("homarus.lists.get", by=reader))["lists"] == []
    with pytest.raises(Refused, match="missing scope"):
        await box.call("homarus.lists.change", {"list": "shopping", "add": ["milk"]}, by=reader)


async def test_a_qr_code_is_the_one_that_a_known_encoder_makes(box: Box) -> None:
    import segno

    text = "https://192.168.1.20:18789/#bootstrapToken=abc"
    answer = await box.call("homarus.qr", {"text": text})
    code = segno.make(text, error="l", boost_error=False, micro=False)
    assert answer["size"] == len(code.matrix) + 8
    dark = sum(int(part.split("h")[1].split("v")[0]) for part in answer["path"].split("M")[1:])
    assert dark == sum(sum(row) for row in code.matrix)
    assert answer["path"].startswith("M4 4h7v1h-7z"), "the first finder pattern"
    await box.call("homarus.qr", {"text": "x" * 1024})
    with pytest.raises(Refused):
        await box.call("homarus.qr", {"text": "x" * 1025})
