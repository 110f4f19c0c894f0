import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.notes.list_store import MAX_ITEMS, MAX_LISTS
from appliance.notes.naming import find_item, item_key, list_name, singular
from tests.unit.notes.conftest import Box


async def test_items_go_on_a_list_once(box: Box) -> None:
    assert (await box.call("list_add", list="the shopping list", items=["milk", "Eggs"])).text == (
        "Added milk and Eggs to the shopping list."
    )
    assert (await box.call("list_add", list="Shopping", items=["eggs", "bread"])).text == (
        "Added bread to the shopping list. eggs was there already."
    )
    assert (await box.call("list_add", list="Shopping", items=["the milk"])).text == (
        "the milk is on the shopping list already."
    )
    assert (await box.call("list_show", list="my shopping list")).text == "On the shopping list: milk, Eggs and bread."


async def test_without_a_name_the_lists_are_told_and_an_only_list_is_read(box: Box) -> None:
    assert (await box.call("list_show")).text == "There are no lists yet."
    await box.call("list_add", list="shopping", items=["milk"])
    assert (await box.call("list_show")).text == "On the shopping list: milk."
    await box.call("list_add", list="todo", items=["taxes", "gym"])
    assert (await box.call("list_show")).text == "2 lists: shopping (1) and to-do (2)."


async def test_items_are_taken_off_tolerantly_and_what_is_missing_is_named(box: Box) -> None:
    await box.call("list_add", list="shopping", items=["oat milk", "tomatoes", "eggs"])
    assert (await box.call("list_remove", list="shopping", items=["milk", "tomato", "beer"])).text == (
        "Took oat milk and tomatoes off the shopping list. beer is not on the shopping list."
    )
    assert (await box.call("list_remove", list="shopping", items=["beer"])).text == "beer is not on the shopping list."


async def test_an_unclear_item_is_asked_back_and_nothing_is_removed(box: Box) -> None:
    await box.call("list_add", list="shopping", items=["oat milk", "soy milk", "eggs"])
    asked = await box.call("list_remove", list="shopping", items=["eggs", "milk"])
    assert asked.is_error
    assert asked.text == "Which one shall I take off the shopping list: oat milk or soy milk? Nothing was changed."
    assert len((await box.call("list_show", list="shopping")).data["items"]) == 3


async def test_a_list_is_emptied_and_a_list_that_is_not_there_is_named(box: Box) -> None:
    await box.call("list_add", list="shopping", items=["milk", "eggs"])
    assert (await box.call("list_clear", list="shopping list")).text == "The shopping list is empty now (2 items gone)."
    assert (await box.call("list_clear", list="shopping")).text == "There is no shopping list."


async def test_the_same_call_again_changes_nothing(box: Box) -> None:
    await box.call("list_add", list="shopping", items=["milk"])
    first = await box.call("list_remove", call_id="one", list="shopping", items=["milk"])
    await box.call("list_add", list="shopping", items=["milk"])
    assert (await box.call("list_remove", call_id="one", list="shopping", items=["milk"])).text == first.text
    assert (await box.call("list_show")).text == "On the shopping list: milk."


async def test_a_session_does_not_see_the_lists_of_another(box: Box) -> None:
    await box.call("list_add", list="gifts", items=["a watch"])
    box.session("agent:main:telegram:group:1")
    assert (await box.call("list_show")).text == "There are no lists yet."


async def test_a_list_is_full_at_its_cap_and_the_whole_call_is_undone(box: Box) -> None:
    for start in range(0, MAX_ITEMS, 50):
        await box.call("list_add", list="long", items=[f"item {start + one}" for one in range(50)])
    result = await box.call("list_add", list="long", items=["item 3", "one more"])
    assert result.is_error
    assert str(MAX_ITEMS) in result.text
    assert len((await box.call("list_show", list="long")).data["items"]) == MAX_ITEMS


async def test_there_are_so_many_lists_and_not_one_more(box: Box) -> None:
    for number in range(MAX_LISTS):
        assert not (await box.call("list_add", list=f"list{number}x", items=["a"])).is_error
    assert (await box.call("list_add", list="one more", items=["b"])).is_error


@pytest.mark.parametrize(("items", "refused"), [(50, False), (51, True), (0, True)])
async def test_one_call_carries_so_many_items(box: Box, items: int, refused: bool) -> None:
    assert (await box.call("list_add", list="a", items=[f"x{one}" for one in range(items)])).is_error is refused


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The Shopping List", "shopping"),
        ("my to do list", "to-do"),
        ("todo", "to-do"),
        ("list", "list"),
        ("Café", "cafe"),
    ],
)
def test_names_of_lists_have_one_form(text: str, name: str) -> None:
    assert list_name(text) == name


@given(st.text(max_size=40))
def test_the_one_form_of_a_name_is_its_own_form(text: str) -> None:
    assert list_name(list_name(text)) == list_name(text)


@given(st.lists(st.sampled_from(["milk", "eggs", "egg", "oat milk", "glass", "tomatoes"]), unique=True, min_size=1))
def test_an_item_is_always_found_by_its_own_name(items: list[str]) -> None:
    for item in items:
        assert find_item([item_key(one) for one in items], item) == [items.index(item)]


def test_plurals_meet_their_singulars() -> None:
    assert singular("tomatoes") == singular("tomato")
    assert singular("berries") == singular("berry")
    assert singular("glass") == "glass"


def test_a_quote_behind_an_article_is_no_part_of_the_name() -> None:
    assert list_name("the 'camping' list") == list_name("camping")
