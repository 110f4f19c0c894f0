from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.cache.ram import Ram


def test_the_blob_not_used_for_longest_goes_first() -> None:
    ram = Ram(100)
    assert ram.put("a", bytes(40)) == []
    assert ram.put("b", bytes(40)) == []
    ram.get("a")
    assert ram.put("c", bytes(40)) == ["b"]
    assert ram.names() == ["c", "a"]


def test_a_blob_of_exactly_the_budget_fits_and_one_byte_more_does_not() -> None:
    ram = Ram(100)
    ram.put("a", bytes(10))
    assert ram.put("b", bytes(100)) == ["a"]
    assert ram.put("c", bytes(101)) is None
    assert ram.names() == ["b"], "and nothing had to go for it"


def test_pinned_blobs_go_last() -> None:
    ram = Ram(100)
    ram.put("static", bytes(50), pinned=True)
    ram.put("a", bytes(50))
    ram.get("a")
    assert ram.put("b", bytes(50)) == ["a"]
    assert ram.put("c", bytes(60)) == ["b", "static"]


def test_pins_count_for_half_the_budget_those_used_most_recently() -> None:
    ram = Ram(100)
    for name in ("old", "new"):
        ram.put(name, bytes(50), pinned=True)
    assert ram.put("a", bytes(30)) == ["old"]
    assert ram.put("b", bytes(50)) == ["a"]
    ram = Ram(100)
    ram.put("large", bytes(51), pinned=True)
    ram.put("a", bytes(49))
    assert ram.put("b", bytes(10)) == ["large"], "one byte over the half"


def test_a_blob_that_is_being_written_stays_and_counts() -> None:
    ram = Ram(100)
    ram.put("a", bytes(60))
    assert ram.hold("a") == []
    assert ram.put("b", bytes(41)) is None
    assert ram.put("c", bytes(40)) == []
    assert ram.set_budget(0) == ["c"]
    assert ram.hold("") == ["a"]
    assert ram.used == 0


def test_a_view_counts_as_all_that_it_keeps_in_memory() -> None:
    ram = Ram(100)
    assert ram.put("a", memoryview(bytes(101))[:10]) is None
    assert ram.put("a", memoryview(bytearray(100))[:10]) == []
    assert ram.used == 100


@given(
    st.integers(0, 50),
    st.lists(st.tuples(st.sampled_from(["put", "get", "forget", "hold"]), st.sampled_from("abcd"), st.integers(0, 60))),
)
def test_the_budget_is_never_exceeded(budget: int, steps: list[tuple[str, str, int]]) -> None:
    ram = Ram(budget)
    for step, name, size in steps:
        if step == "put":
            ram.put(name, bytes(size), pinned=size % 3 == 0)
        elif step == "get":
            ram.get(name)
        elif step == "forget":
            ram.forget(name)
        else:
            ram.hold(name if name in ram else "")
        assert ram.used == sum(len(ram.peek(kept) or b"") for kept in ram.names()) <= budget
