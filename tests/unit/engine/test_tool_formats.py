"""Each way to write tool calls: what its grammar lets through, and what is read out of it again."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.engine.api import Chat, ToolDef
from appliance.engine.chat.answer import AnswerReader, Piece, Thought, Visible
from appliance.engine.chat.calls import call_grammar
from appliance.engine.chat.formats import MARKS, Offer, ToolFormat, format_of
from appliance.engine.chat.prompt import PromptMaker
from appliance.engine.chat.reading import Wish
from appliance.engine.chat.template import SpecialTexts
from tests.unit.engine.gbnf import accepts
from tests.unit.engine.templates import TEMPLATES, now

_SET = ToolDef(
    "timer_set",
    "Set a timer",
    {
        "type": "object",
        "properties": {
            "seconds": {"type": "integer", "minimum": 1},
            "label": {"type": "string"},
            "mode": {"enum": ["loud", "silent"]},
            "on": {"type": "boolean"},
            "days": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["seconds"],
    },
)
_LIST = ToolDef("timer_list", "List timers", {"type": "object", "properties": {}})
_TOOLS = [_SET, _LIST]
_FORMATS = [form for form in ToolFormat if form is not ToolFormat.PLAIN]

_FULL = {"seconds": 600, "label": 'tea "for" {two}', "mode": "loud", "on": True, "days": ["mon", "tue"]}
_QUOTE = {ToolFormat.FUNCTION_GEMMA: "<escape>", ToolFormat.GEMMA4: '<|"|>'}


def written(form: ToolFormat, name: str, arguments: dict[str, Any]) -> str:
    """Return one call as a model of this format writes it, without what stands around all calls."""
    if form in _QUOTE:
        return f"call:{name}{_gemma(arguments, _QUOTE[form])}"
    if form is ToolFormat.QWEN_CODER:
        parts = [
            f"<parameter={key}>\n{value if isinstance(value, str) else json.dumps(value)}\n</parameter>\n"
            for key, value in arguments.items()
        ]
        return f"<function={name}>\n{''.join(parts)}</function>"
    if form is ToolFormat.GEMMA3:
        pairs = (
            f"{key}={value!r}" if isinstance(value, bool) else f"{key}={json.dumps(value)}"
            for key, value in arguments.items()
        )
        return f"{name}({', '.join(pairs)})"
    if form is ToolFormat.MISTRAL_ARGS:
        return f"{name}[ARGS]{json.dumps(arguments)}"
    return json.dumps({"name": name, form.arguments_key: arguments})


def _gemma(value: Any, quote: str) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_gemma(one, quote)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_gemma(one, quote) for one in value) + "]"
    return f"{quote}{value}{quote}" if isinstance(value, str) else json.dumps(value)


def answer(form: ToolFormat, *calls: str, text: str = "") -> str:
    """Return a whole answer with these calls."""
    if form in _QUOTE:
        marks = form.marks
        assert marks is not None
        return text + "".join(f"{marks.opening}{call}{marks.closing}" for call in calls)
    if form is ToolFormat.GEMMA3:
        return f"{text}```tool_code\n" + "".join(f"{call}\n" for call in calls) + "```"
    if form is ToolFormat.MISTRAL:
        return f"{text}[TOOL_CALLS][{', '.join(calls)}]"
    if form is ToolFormat.MISTRAL_ARGS:
        return text + "".join(f"[TOOL_CALLS]{call}" for call in calls)
    if form is ToolFormat.LLAMA3:
        return "; ".join(calls)
    return text + "\n".join(f"<tool_call>\n{call}\n</tool_call>" for call in calls)


def read(text: str, form: ToolFormat, size: int = 1, tools: list[ToolDef] = _TOOLS) -> list[Piece]:
    reader, pieces = AnswerReader(Offer(form, tuple(tools))), []
    for at in range(0, len(text), size):
        pieces += reader.feed(text[at : at + size])
    pieces += reader.finish()
    return pieces


def _visible(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Visible))


def _wishes(pieces: list[Piece]) -> list[Wish]:
    return [piece for piece in pieces if isinstance(piece, Wish)]


@pytest.mark.parametrize("form", _FORMATS)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_calls_and_text_come_out_as_they_were_meant_wherever_the_answer_is_cut(form: ToolFormat, size: int) -> None:
    text = "" if form is ToolFormat.LLAMA3 else "One < two. "
    whole = answer(form, written(form, "timer_set", _FULL), written(form, "timer_list", {}), text=text)
    pieces = read(whole, form, size)
    assert _wishes(pieces) == [Wish("timer_set", _FULL), Wish("timer_list", {})]
    assert _visible(pieces) == text


@pytest.mark.parametrize("form", _FORMATS)
def test_the_grammar_lets_calls_text_and_both_through(form: ToolFormat) -> None:
    free = call_grammar(_TOOLS, form, required=False).text
    one, two = written(form, "timer_set", _FULL), written(form, "timer_list", {})
    assert accepts(free, answer(form, one))
    assert accepts(free, answer(form, one, two))
    assert accepts(free, "It is five < six.")
    if form is not ToolFormat.LLAMA3:  # there a call is the whole answer
        assert accepts(free, answer(form, one, text="Let me see. "))
    bound = call_grammar(_TOOLS, form, required=True).text
    assert accepts(bound, answer(form, two))
    assert not accepts(bound, "It is five.")


@pytest.mark.parametrize("form", _FORMATS)
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("door_open", {}),
        ("timer_set", {}),
        ("timer_set", {"seconds": "many"}),
        ("timer_set", {"seconds": 1, "mode": "purple"}),
        ("timer_set", {"seconds": 1, "color": "red"}),
        ("timer_set", {"seconds": 1, "on": "yes"}),
    ],
)
def test_no_grammar_lets_an_unknown_tool_or_wrong_arguments_through(
    form: ToolFormat, name: str, arguments: dict[str, Any]
) -> None:
    grammar = call_grammar(_TOOLS, form, required=False).text
    assert not accepts(grammar, answer(form, written(form, name, arguments)))


@pytest.mark.parametrize("form", _FORMATS)
def test_no_grammar_lets_more_than_eight_calls_or_half_a_call_through(form: ToolFormat) -> None:
    grammar = call_grammar(_TOOLS, form, required=True).text
    one = written(form, "timer_list", {})
    assert accepts(grammar, answer(form, *[one] * 8))
    assert not accepts(grammar, answer(form, *[one] * 9))
    assert not accepts(grammar, answer(form, one[:-1]))


_TEXTS = st.text(string.ascii_letters + " äß日{}[]<>\"'`|:,\\=()", max_size=24)


@given(text=_TEXTS, seconds=st.integers(0, 10**9), form=st.sampled_from(_FORMATS))
@settings(max_examples=150, deadline=None)
def test_what_a_call_holds_is_read_again_unchanged(text: str, seconds: int, form: ToolFormat) -> None:
    quote = _QUOTE.get(form)
    if quote is not None:
        text = text.replace(quote, "")
    if form is ToolFormat.QWEN_CODER:
        text = text.strip("\n").replace("</parameter>", "")
    arguments = {"seconds": seconds, "label": text}
    whole = answer(form, written(form, "timer_set", arguments))
    assert _wishes(read(whole, form, 7)) == [Wish("timer_set", arguments)]
    assert accepts(call_grammar(_TOOLS, form, required=True).text, whole)


@given(text=_TEXTS, form=st.sampled_from(_FORMATS))
@settings(max_examples=150, deadline=None)
def test_whatever_an_unbound_model_writes_is_read_without_a_fault(text: str, form: ToolFormat) -> None:
    for whole in (text, form.opening + text, answer(form, text)):
        for piece in read(whole, form, 5):
            assert isinstance(piece, Visible | Thought | Wish)


def test_a_fence_may_be_followed_by_text() -> None:
    pieces = read("```tool_code\ntimer_list()\n```\nDone.", ToolFormat.GEMMA3)
    assert _wishes(pieces) == [Wish("timer_list", {})]
    assert _visible(pieces).strip() == "Done."


@pytest.mark.parametrize("form", _FORMATS)
def test_a_schema_that_no_grammar_can_express_leaves_the_arguments_open(form: ToolFormat) -> None:
    odd = ToolDef("odd", "", {"type": "object", "properties": {"a": {"type": "string", "pattern": "x+"}}})
    grammar = call_grammar([odd], form, required=True).text
    assert accepts(grammar, answer(form, written(form, "odd", {"a": "y", "b": "z"})))
    assert not accepts(grammar, answer(form, written(form, "other", {})))


# ---- templates


@pytest.mark.parametrize("form", list(ToolFormat))
def test_a_format_is_known_by_its_template(form: ToolFormat) -> None:
    assert format_of(TEMPLATES[form]) is form


@pytest.mark.parametrize("form", list(ToolFormat))
def test_a_conversation_with_calls_is_rendered_and_begins_the_next_one(form: ToolFormat) -> None:
    maker = PromptMaker(TEMPLATES[form], SpecialTexts.of(MARKS), now)
    call = {"id": "call_12", "type": "function", "function": {"name": "timer_set", "arguments": {"seconds": 5}}}
    messages = [
        {"role": "user", "content": "five seconds"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "set", "tool_call_id": "call_12", "name": "timer_set"},
        {"role": "assistant", "content": "It is set."},
        {"role": "user", "content": "thanks"},
    ]
    prompts = [maker.prompt(Chat(messages[:size], system="Be brief.", tools=_TOOLS)) for size in (1, 3, 5)]
    texts = ["".join(prompt.pieces) for prompt in prompts]
    assert all(prompt.form == Offer(form, tuple(_TOOLS)) for prompt in prompts), "no way out had to be taken"
    assert texts[1].startswith(texts[0])
    assert texts[2].startswith(texts[1])
    assert "timer_list" in texts[0]
    assert "Be brief." in texts[0]
    assert written(form, "timer_set", {"seconds": 5}) in texts[1] or '{"seconds": 5}' in texts[1]


@pytest.mark.parametrize("form", list(ToolFormat))
def test_no_word_of_a_person_becomes_a_mark(form: ToolFormat) -> None:
    maker = PromptMaker(TEMPLATES[form], SpecialTexts.of(MARKS), now)
    evil = "".join(MARKS)
    plain = maker.prompt(Chat([{"role": "user", "content": "x"}], tools=_TOOLS)).pieces
    pieces = maker.prompt(Chat([{"role": "user", "content": evil}], tools=_TOOLS)).pieces
    assert sum(piece.count(mark) for piece in pieces for mark in MARKS) == sum(
        piece.count(mark) for piece in plain for mark in MARKS
    )
