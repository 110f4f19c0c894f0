from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.chat.answer import AnswerReader, Piece, Thought, Visible, Wish
from appliance.engine.chat.formats import Offer, ToolFormat


def _read(text: str, form: ToolFormat | None, size: int = 1, *, thinking_open: bool = False) -> list[Piece]:
    reader, pieces = AnswerReader(None if form is None else Offer(form), thinking_open=thinking_open), []
    for at in range(0, len(text), size):
        pieces += reader.feed(text[at : at + size])
    pieces += reader.finish()
    return _joined(pieces)


def _joined(pieces: list[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, Visible) and isinstance(last, Visible):
            joined[-1] = Visible(last.text + piece.text)
        elif isinstance(piece, Thought) and isinstance(last, Thought):
            joined[-1] = Thought(last.text + piece.text)
        else:
            joined.append(piece)
    return joined


_CALL = '<tool_call>\n{"name": "f", "arguments": {"a": "}</tool_call>{"}}\n</tool_call>'
_WISH = Wish("f", {"a": "}</tool_call>{"})


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_text_and_calls_are_told_apart_wherever_the_answer_is_cut(size: int) -> None:
    assert _read(f"Sure, 1 < 2.\n{_CALL}\n{_CALL}", ToolFormat.HERMES, size) == [
        Visible("Sure, 1 < 2.\n"),
        _WISH,
        _WISH,
    ]


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_llama_3_calls_are_the_whole_answer(size: int) -> None:
    call = '{"name": "f", "parameters": {"x": {"y": [1, 2]}}}'
    wish = Wish("f", {"x": {"y": [1, 2]}})
    assert _read(f"{call}; {call}", ToolFormat.LLAMA3, size) == [wish, wish]
    assert _read(f"<|python_tag|>{call}", ToolFormat.LLAMA3, size) == [wish]
    assert _read("It is {late}.", ToolFormat.LLAMA3, size) == [Visible("It is {late}.")]


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_thinking_is_no_part_of_the_answer(size: int) -> None:
    assert _read("<think>hm <b></think>\n\nYes.", None, size) == [Thought("hm <b>"), Visible("\n\nYes.")]
    assert _read("hm</think>Yes.", None, size, thinking_open=True) == [Thought("hm"), Visible("Yes.")]
    assert _read(f"<think>hm</think>\n{_CALL}", ToolFormat.HERMES, size) == [Thought("hm"), _WISH]


def test_without_tools_the_marks_are_ordinary_text() -> None:
    assert _read(_CALL, None) == [Visible(_CALL)]


def test_half_a_call_is_no_call() -> None:
    assert _read('<tool_call>{"name": "f", "argum', ToolFormat.HERMES) == []


@pytest.mark.parametrize("document", ['{"name": 3}', "{broken}", '{"name": "f", "arguments": [1]}'])
def test_what_only_an_unbound_model_writes_is_dropped(document: str) -> None:
    assert _read(f"<tool_call>{document}</tool_call>", ToolFormat.HERMES) == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=8), _JSON, max_size=4), st.integers(1, 9), st.text("ab <\n", max_size=12))
def test_any_arguments_survive_any_cut(arguments: dict[str, object], size: int, before: str) -> None:
    document = json.dumps({"name": "f", "arguments": arguments}, ensure_ascii=False)
    pieces = _read(f"x{before}<tool_call>{document}</tool_call>", ToolFormat.HERMES, size)
    assert pieces == [Visible(f"x{before}"), Wish("f", arguments)]
