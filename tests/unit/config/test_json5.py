import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.document.json5 import MAX_CHARACTERS, MAX_DEPTH, parse, parse_tree, render, render_line
from appliance.config.errors import ConfigSyntaxError

_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(_json)
def test_every_json_text_means_the_same_as_to_a_json_parser(value: object) -> None:
    text = msgspec.json.encode(value).decode()
    assert parse(text) == msgspec.json.decode(text)


@given(_json)
def test_what_is_written_is_read_back(value: object) -> None:
    assert parse(render(value)) == value
    assert parse(render_line(value)) == value
    assert "\n" not in render_line(value)


@given(st.text(alphabet="{}[],:'\"\\/*+-.0123456789abnrtux\n \u2028e_$", max_size=60))
def test_any_text_is_a_value_or_a_syntax_error(text: str) -> None:
    try:
        tree = parse_tree(text)
    except ConfigSyntaxError:
        return
    assert parse(text[tree.start : tree.end]) == tree.value


def test_what_json5_adds_is_understood() -> None:
    text = """\ufeff// head
    {
      unquoted: 'single \\'quoted\\'', /* block
      comment */ "quoted": "line \\
goes on",
      $odd_1: +1, hex: 0xFF, half: .5, five: 5., minus: -.5e1,
      list: [1, 2,], ünïcode: "\\u00fc\\x41\\v\\0\\uD83D\\uDE00", nothing: null, yes: true,
    }
    // tail"""
    assert parse(text) == {
        "unquoted": "single 'quoted'",
        "quoted": "line goes on",
        "$odd_1": 1,
        "hex": 255,
        "half": 0.5,
        "five": 5.0,
        "minus": -5.0,
        "list": [1, 2],
        "ünïcode": "üA\v\0😀",
        "nothing": None,
        "yes": True,
    }


@pytest.mark.parametrize(
    ("text", "words", "line", "column"),
    [
        ("", "file ends", 1, 1),
        ("{\n  a: 1\n  b: 2\n}", "expected ','", 3, 3),
        ("{\n  a: yes\n}", "text needs quotes", 2, 6),
        ("{a: 1, a: 2}", "occurs twice", 1, 8),
        ("{a: 'x}", "no closing quote", 1, 5),
        ("{a: 01}", "not written in a way", 1, 5),
        ("{a: 1e999}", "too large", 1, 5),
        ("{a: NaN}", "text needs quotes", 1, 5),
        ("{a: '\\u12'}", "hexadecimal", 1, 6),
        ("{a: '\\ud800'}", "surrogate", 1, 5),
        ("{a: '\\1'}", "octal", 1, 6),
        ("{a: 1} /* x", "no end", 1, 8),
        ("{a: 1} {b: 2}", "more after the end", 1, 8),
        ("{a", "expected ':'", 1, 3),
        ("{", "ends inside an object", 1, 2),
        ("{a: " + "9" * 401 + "}", "too long", 1, 5),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, words: str, line: int, column: int) -> None:
    with pytest.raises(ConfigSyntaxError, match=words) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_nesting_and_length_have_a_bound() -> None:
    assert parse("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None
    with pytest.raises(ConfigSyntaxError, match="deeper"):
        parse("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
    assert parse(" " * (MAX_CHARACTERS - 1) + "1") == 1
    with pytest.raises(ConfigSyntaxError, match="longer"):
        parse(" " * MAX_CHARACTERS + "1")
