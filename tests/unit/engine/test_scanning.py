"""The end of a tool call in a text that grows: the same wherever it is cut, and found in one pass."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.engine.api import ToolDef
from appliance.engine.chat.formats import Offer, ToolFormat
from appliance.engine.chat.reading import CallReader, call_reader

_GEMMA = ["call:", "a", "{", "}", "[", "]", "<", "|", '"', "<escape>", '<|"|>', "<esc"]
_PIECES = {
    ToolFormat.HERMES: ["{", "}", '"', "\\", "[", "]", " ", "a", ":"],
    ToolFormat.QWEN_CODER: [
        *("<function=", "a", ">", "\n", " ", "<parameter=b>", "</parameter>", "</function>", "<", "</", "<function=a>"),
        "<parameter=b>\nv\n</parameter>\n",
    ],
    ToolFormat.GEMMA3: ["a", "(", ")", "[", "]", "'", '"', "\\", "="],
    ToolFormat.FUNCTION_GEMMA: _GEMMA,
    ToolFormat.GEMMA4: _GEMMA,
}


def reader(form: ToolFormat) -> CallReader:
    return call_reader(Offer(form, (ToolDef("a", "", {}),)))


def found(form: ToolFormat, texts: list[str]) -> int | None:
    """Return what a reader says that saw these texts one after the other."""
    one = reader(form)
    return next((end for text in texts if (end := one.end(text)) is not None), None)


@given(data=st.data(), form=st.sampled_from(list(_PIECES)), size=st.integers(1, 5))
@settings(max_examples=400, deadline=None)
def test_a_call_ends_at_the_same_place_wherever_it_is_cut(data: st.DataObject, form: ToolFormat, size: int) -> None:
    text = "".join(data.draw(st.lists(st.sampled_from(_PIECES[form]), max_size=14)))
    whole = found(form, [text])
    assert found(form, [text[:at] for at in range(0, len(text) + size, size)]) == whole
    if whole is not None:
        assert found(form, [text[: whole - 1]]) is None
        assert found(form, [text[:whole]]) == whole


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<function=a></function>", {}),
        (" <function=a>\n <parameter=b>\nx\n</parameter>\n </function>", {"b": "x"}),
        ("<function=a><parameter=b></function></parameter></function>", {"b": "</function>"}),
        ("<function=a><parameter=b>\n</parameter></parameter></function>", None),
        ("<function=a>x</function>", None),
        ("<function=></function>", None),
        ("<parameter=b>x</parameter></function>", None),
    ],
)
def test_a_call_of_a_coder_is_whole_exactly_when_it_says_something(text: str, said: dict[str, str] | None) -> None:
    one = reader(ToolFormat.QWEN_CODER)
    assert one.end(text) == (len(text) if said is not None else None)
    wish = one.read(text)
    assert (wish.arguments if wish is not None else None) == said


@pytest.mark.parametrize(
    ("form", "before", "more"),
    [
        (ToolFormat.HERMES, '{"a": "', "x"),
        (ToolFormat.QWEN_CODER, "<function=a><parameter=b></function></parameter>", " "),
        (ToolFormat.QWEN_CODER, "<function=a><parameter=b></function>", "x"),
        (ToolFormat.GEMMA3, "a(b='", "x"),
        (ToolFormat.FUNCTION_GEMMA, "call:a{b:", "1"),
        (ToolFormat.GEMMA4, 'call:a{b:<|"|>', "x"),
    ],
)
def test_a_long_call_costs_as_much_as_it_is_long(form: ToolFormat, before: str, more: str) -> None:
    """Eight times the length: eight times the work when nothing is looked at twice, 64 times otherwise."""
    short, long = (_growing(before, more, count) for count in (1000, 8000))
    ratio = min(_work(lambda: found(form, long)) / _work(lambda: found(form, short)) for _ in range(3))
    assert ratio < 24, ratio


def _growing(before: str, more: str, count: int) -> list[str]:
    return [before + more * number for number in range(count)]


def _work(task: Callable[[], object]) -> float:
    """Return the time of the processor that a task takes, in seconds, at its best."""
    best = float("inf")
    for _ in range(3):
        start = time.thread_time()
        task()
        best = min(best, time.thread_time() - start)
    return best
