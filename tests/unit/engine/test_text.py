from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.chat.text import StopStrings, Utf8Check, Utf8Stream, held_back


@given(st.text(), st.lists(st.integers(1, 3), min_size=1))
def test_a_text_cut_anywhere_comes_out_whole_and_never_as_half_characters(text: str, sizes: list[int]) -> None:
    stream, data, shown = Utf8Stream(), text.encode("utf-8", "replace"), ""
    at = 0
    while at < len(data):
        for size in sizes:
            shown += stream.feed(data[at : at + size])
            at += size
    assert shown + stream.flush() == data.decode()


def test_bytes_that_are_no_text_become_the_replacement_character() -> None:
    stream = Utf8Stream()
    assert stream.feed(b"a\xff") == "a\ufffd"
    assert stream.feed(b"\xe2\x82") == ""
    assert stream.flush() == "\ufffd"


@given(st.binary(max_size=12))
def test_what_the_check_allows_is_the_beginning_of_a_valid_text(data: bytes) -> None:
    check, taken = Utf8Check(), b""
    for byte in data:
        if check.allows(bytes([byte])):
            check.accept(bytes([byte]))
            taken += bytes([byte])
    assert taken.decode("utf-8", "ignore").encode() == taken if check.whole else True


def test_the_check_refuses_a_quotation_mark_inside_a_character() -> None:
    check = Utf8Check()
    check.accept(b"\xc3")
    assert not check.whole
    assert not check.allows(b'"')
    assert check.allows(b"\xa4")


def test_every_half_character_that_the_check_allows_can_be_completed() -> None:
    def completed(taken: bytes) -> int:
        check = Utf8Check()
        check.accept(taken)
        if check.whole:
            return 1
        following = [byte for byte in range(256) if check.allows(bytes([byte]))]
        assert following, f"{taken.hex()} leads nowhere"
        # what comes behind the second byte is alike for all of them
        return sum(completed(taken + bytes([byte])) for byte in (following if len(taken) < 2 else following[:1]))

    check = Utf8Check()
    begins = [bytes([byte]) for byte in range(256) if check.allows(bytes([byte]))]
    assert sum(map(completed, begins)) == 128 + 30 * 64 + (14 * 64 + 32 + 32) + (3 * 64 + 48 + 16)


def test_a_stop_string_is_never_shown_not_even_in_part() -> None:
    stops = StopStrings(["\nUser:", "###"])
    assert stops.feed("Hello") == "Hello"
    assert stops.feed("\nUs") == ""
    assert stops.feed("e this") == "\nUse this"
    assert stops.feed("#") == ""
    assert stops.feed("## and more") == ""
    assert stops.stopped
    assert stops.feed("anything") == ""
    assert stops.flush() == ""


@given(st.text("ab#", max_size=30), st.lists(st.text("ab#", min_size=1, max_size=3), max_size=3))
def test_the_earliest_stop_string_ends_the_text_however_it_is_cut(text: str, stops: list[str]) -> None:
    reader, shown = StopStrings(stops), ""
    for character in text:
        shown += reader.feed(character)
    shown += reader.flush()
    ends = [text.find(stop) + len(stop) for stop in stops if stop in text]
    if not ends:
        assert shown == text
    else:
        assert text.startswith(shown)
        assert not any(stop in shown for stop in stops)


def test_what_may_be_the_beginning_of_a_mark_is_held_back() -> None:
    assert held_back("abc<to", ["<tool_call>"]) == 3
    assert held_back("abc", ["<tool_call>"]) == 0
    assert held_back("<tool_call>", ["<tool_call>"]) == 0
