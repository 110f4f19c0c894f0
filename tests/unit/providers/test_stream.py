"""Server-sent events from bytes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.providers.stream import ServerEvent, ServerEventParser, StreamTooLargeError


def parse(*chunks: bytes, **limits: int) -> list[ServerEvent]:
    parser = ServerEventParser(**limits)
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return events + parser.close()


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\n", [("", "a")]),
        (b"data:a\n\ndata: b\n\n", [("", "a"), ("", "b")]),
        (b"event: x\ndata: a\n\n", [("x", "a")]),
        (b"data: a\ndata: b\n\n", [("", "a\nb")]),
        (b"data: a\r\n\r\ndata: b\r\r", [("", "a"), ("", "b")]),
        (b": comment\n\ndata: a\nid: 1\nretry: 5\nodd\n\n", [("", "a")]),
        (b"event: lonely\n\ndata: a\n\n", [("", "a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [("", "a")]),
        (b"data: a\n", [("", "a")]),
        (b"data: a", [("", "a")]),
        (b"data:  two spaces\n\n", [("", " two spaces")]),
        (b"data: \xff\n\n", [("", "�")]),
        (b"data\n\n", [("", "")]),
        (b"\n\n\n", []),
        (b"", []),
    ],
)
def test_the_format_is_read_as_the_standard_says(stream: bytes, expected: list[tuple[str, str]]) -> None:
    assert [(event.name, event.data) for event in parse(stream)] == expected


_LINES = st.sampled_from(
    ["data: Grüße", "data: 你好 👋", "data:", "event: delta", ": note", "", "", "data: x" * 3, "id: 7"]
)
_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.lists(st.tuples(_LINES, _ENDS), max_size=12), st.lists(st.integers(0, 200), max_size=8))
def test_it_does_not_matter_where_the_bytes_are_cut(lines: list[tuple[str, bytes]], cuts: list[int]) -> None:
    stream = b"".join(line.encode() + end for line, end in lines)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[a:b] for a, b in itertools.pairwise(edges)]
    assert parse(*pieces) == parse(stream)
    assert parse(*(bytes([byte]) for byte in stream)) == parse(stream)


def test_a_line_may_be_as_long_as_the_bound_and_not_longer() -> None:
    fits = b"data: " + b"x" * 94
    assert parse(fits + b"\n\n", max_line_bytes=100)[0].data == "x" * 94
    for stream in (fits + b"x\n\n", fits + b"x"):
        with pytest.raises(StreamTooLargeError):
            parse(stream, max_line_bytes=100)


def test_an_event_may_be_as_large_as_the_bound_and_not_larger() -> None:
    line = b"data: " + b"x" * 49 + b"\n"
    assert len(parse(line * 2, b"\n", max_event_bytes=100)) == 1
    with pytest.raises(StreamTooLargeError):
        parse(line * 2, b"data: \n", max_event_bytes=100)


def test_an_event_begins_anew_after_the_last() -> None:
    line = b"data: " + b"x" * 90 + b"\n\n"
    assert len(parse(line * 5, max_event_bytes=100)) == 5
