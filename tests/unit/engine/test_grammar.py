"""Grammars against a small matcher of our own; tests/integration/engine runs them through llama.cpp."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.engine.api import ToolDef
from appliance.engine.chat.calls import call_grammar
from appliance.engine.chat.formats import ToolFormat
from appliance.engine.chat.grammar import SchemaError, literal, negated_class, schema_grammar
from tests.unit.engine.gbnf import accepts

_PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 5},
        "age": {"type": "integer", "minimum": 0},
        "tags": {"type": "array", "items": {"enum": ["a", 'b"c']}, "maxItems": 2},
        "kind": {"const": "x"},
    },
    "required": ["name", "kind"],
}


@pytest.mark.parametrize(
    ("schema", "document", "fits"),
    [
        (_PERSON, '{"name": "Ann","kind": "x"}', True),
        (_PERSON, '{"name":"Ann","age":3,"tags":["a","b\\"c"],"kind":"x"}', True),
        (_PERSON, '{"name":"Ann"}', False),  # a required member is missing
        (_PERSON, '{"name":"Annabelle","kind":"x"}', False),  # too long
        (_PERSON, '{"name":"Anne!","kind":"x"}', True),  # at the cap
        (_PERSON, '{"name":"Ann","age":-3,"kind":"x"}', False),
        (_PERSON, '{"name":"Ann","tags":["a","a","a"],"kind":"x"}', False),
        (_PERSON, '{"kind":"x","name":"Ann"}', False),  # members keep their order
        (_PERSON, '{"name":"Ann","kind":"x",}', False),
        ({"type": "object", "properties": {"a": {"type": "null"}}}, "{}", True),
        ({"type": "object", "properties": {"a": {"type": "null"}}}, '{"a":null}', True),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, '{"x":1,"y":22}', True),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, '{"x":"1"}', False),
        ({"type": "object", "additionalProperties": False}, '{"x":1}', False),
        ({"type": "object", "required": ["a"], "additionalProperties": {"type": "boolean"}}, '{"a":true}', True),
        ({"type": "object"}, '{"x":{"y":[1,null,"z"]}}', True),
        ({"type": "array", "minItems": 2, "items": {"type": "boolean"}}, "[true]", False),
        ({"type": "array", "minItems": 2, "items": {"type": "boolean"}}, "[true,false]", True),
        ({"type": "array", "maxItems": 0}, "[]", True),
        ({"type": "array", "maxItems": 0}, "[1]", False),
        ({"prefixItems": [{"type": "null"}, {"type": "integer"}], "type": "array"}, "[null,1]", True),
        ({"type": ["string", "null"]}, "null", True),
        ({"type": "string", "nullable": True}, "null", True),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "true", True),
        ({"oneOf": [{"type": "integer"}, {"type": "boolean"}]}, '"true"', False),
        ({"type": "number"}, "-12.5e+3", True),
        ({"type": "number"}, "01", False),
        ({"type": "integer"}, "1.0", False),
        ({"type": "string"}, '"tab\t"', False),  # control characters are escaped in JSON
        ({"type": "string"}, '"\\ud800"', False),  # half a pair is no text
        ({"type": "string"}, '"\\u00e4\\n日本"', True),
        ({"type": "string", "minLength": 2}, '"a"', False),
        ({"enum": ["one", 2, None, {"a": [1]}]}, '{"a": [1]}', True),
        (True, "[1]", True),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}, "7", True),
    ],
)
def test_a_grammar_allows_what_its_schema_allows(schema: Any, document: str, fits: bool) -> None:
    if fits:
        json.loads(document)
    assert accepts(schema_grammar(schema).text, document) is fits


def test_a_schema_may_refer_to_itself() -> None:
    schema = {
        "$ref": "#/$defs/tree",
        "$defs": {
            "tree": {
                "type": "object",
                "properties": {"next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/tree"}]}},
                "required": ["next"],
            }
        },
    }
    assert accepts(schema_grammar(schema).text, '{"next":{"next":{"next":null}}}')


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "pattern": "a+"}, r"\$: `pattern` cannot"),
        ({"type": "object", "properties": {"a": {"not": {}}}}, r"\$\.a: `not` cannot"),
        ({"allOf": [{"type": "string"}, {"maxLength": 3}]}, "allOf"),
        ({"anyOf": []}, "anyOf"),
        ({"enum": []}, "enum"),
        ({"type": "elephant"}, "unknown type 'elephant'"),
        ({"type": []}, "at least one type"),
        ({"$ref": "https://example.org/schema"}, "inside the schema"),
        ({"$ref": "#/nowhere"}, "points to nothing"),
        ({"type": "array", "minItems": 3, "maxItems": 2}, "do not make a range"),
        ({"type": "string", "minLength": True}, "do not make a range"),
        ({"type": "string", "minLength": 2001}, "at most 2000"),
        ({"type": "object", "required": ["a"], "additionalProperties": False}, "forbidden"),
        ({"anyOf": [{"type": "null"}], "properties": {}}, "beside"),
        (3, "must be an object"),
        ({"type": "array", "items": {"type": "array", "items": "x"}}, r"\$\.items\.items"),
    ],
)
def test_what_cannot_be_expressed_is_refused_with_its_path(schema: Any, words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        schema_grammar(schema)


def test_what_is_left_to_the_caller_is_named() -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer", "maximum": 5}, "s": {"type": "string", "maxLength": 9999}},
    }
    assert schema_grammar(schema).unchecked == ("$.n: maximum", "$.s: maxLength")


def test_depth_and_size_of_a_schema_are_bounded() -> None:
    schema: dict[str, Any] = {"type": "null"}
    for _ in range(31):
        schema = {"type": "array", "items": schema}
    schema_grammar(schema)
    for _ in range(2):
        schema = {"type": "array", "items": schema}
    with pytest.raises(SchemaError, match="too deep"):
        schema_grammar(schema)
    with pytest.raises(SchemaError, match="too large"):
        schema_grammar({"type": "object", "properties": {f"p{n}": {"type": "null"} for n in range(5000)}})


def test_many_optional_members_make_a_grammar_of_linear_size() -> None:
    def size(count: int) -> int:
        members = {f"p{number}": {"type": "integer"} for number in range(count)}
        return len(schema_grammar({"type": "object", "properties": members}).text)

    assert size(200) < 2.5 * size(100)


def test_literals_and_classes_are_escaped() -> None:
    assert literal('a"\\\n') == '"a\\"\\\\\\x0A"'
    assert negated_class("]^-\\") == "[^\\]\\^\\-\\\\]"


_TOOLS = [
    ToolDef("set", "", {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}),
    ToolDef("list", "", {"type": "object", "properties": {}, "additionalProperties": False}),
]
_SET = '<tool_call>\n{"name": "set", "arguments": {"n": 5}}\n</tool_call>'


@pytest.mark.parametrize(
    ("required", "answer", "fits"),
    [
        (False, "Just words.", True),
        (False, "", True),
        (False, "a < b, <tool and <tool_cal are words", True),
        (False, f"First this.\n{_SET}", True),
        (False, f"{_SET}\n{_SET}", True),
        (False, "<tool_call>garbage", False),
        (False, '<tool_call>\n{"name": "rm", "arguments": {}}\n</tool_call>', False),
        (False, f"{_SET} and then words", False),
        (False, f"<<tool_call>{_SET.removeprefix('<tool_call>')}", True),
        (True, "Just words.", False),
        (True, _SET, True),
        (True, '<tool_call>{"name": "list", "arguments": {}}</tool_call>', True),
        (True, '<tool_call>{"name": "list", "arguments": {"n": 5}}</tool_call>', False),
    ],
)
def test_an_answer_is_text_or_calls_of_the_given_tools(required: bool, answer: str, fits: bool) -> None:
    assert accepts(call_grammar(_TOOLS, ToolFormat.HERMES, required=required).text, answer) is fits


@pytest.mark.parametrize(
    ("required", "answer", "fits"),
    [
        (False, "Words {with} braces.", True),
        (False, "<words> too", True),
        (False, '{"name": "set", "parameters": {"n": 1}}', True),
        (False, '<|python_tag|>{"name": "set", "parameters": {"n": 1}}', True),
        (False, '{"name": "set", "parameters": {"n": 1}}; {"name": "list", "parameters": {}}', True),
        (False, '{"name": "rm", "parameters": {}}', False),
        (True, "Words.", False),
    ],
)
def test_llama_3_answers_are_words_or_calls(required: bool, answer: str, fits: bool) -> None:
    assert accepts(call_grammar(_TOOLS, ToolFormat.LLAMA3, required=required).text, answer) is fits


def test_a_tool_whose_schema_no_grammar_can_express_takes_any_object() -> None:
    tool = ToolDef("find", "", {"type": "object", "properties": {"q": {"type": "string", "pattern": "^a"}}})
    grammar = call_grammar([tool], ToolFormat.HERMES, required=True).text
    assert accepts(grammar, '<tool_call>{"name": "find", "arguments": {"q": "b", "z": [1]}}</tool_call>')
    assert not accepts(grammar, '<tool_call>{"name": "find", "arguments": [1]}</tool_call>')


def test_values_to_choose_from_count_as_parts_of_a_schema() -> None:
    values = [f"v{number}" for number in range(4000)]
    assert "v3999" in schema_grammar({"enum": values}).text
    with pytest.raises(SchemaError, match="too large"):
        schema_grammar({"enum": [*values, "one more"]})
