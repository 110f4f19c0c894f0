"""Grammars of answers with tool calls: text, and calls of the tools of this turn that cannot be malformed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, TypeAlias

from appliance.engine.api import ToolDef
from appliance.engine.chat.formats import (
    ARGS,
    CLOSING,
    FENCE_END,
    MAX_CALLS,
    PYTHON_TAG,
    GemmaMarks,
    ToolFormat,
)
from appliance.engine.chat.grammar import Grammar, Rules, SchemaError, literal, negated_class


def call_grammar(tools: Sequence[ToolDef], form: ToolFormat, *, required: bool) -> Grammar:
    """Return the grammar of an answer with calls of `tools`; text beside them unless `required`.

    A schema that no grammar can express leaves its arguments any JSON object: the executor validates them.
    """
    rules = _rules_of(form)
    call = rules.add(" | ".join(_WRITERS.get(form, _json_call)(rules, tool, form) for tool in tools), "call")
    if form is ToolFormat.LLAMA3:
        _llama3(rules, call, required)
        return rules.grammar()
    following = _following(rules, call, form)
    if required:
        rules.define("root", f'"\\n"? {rules.base("ws")} {literal(form.opening)} {following}')
    else:
        rules.define("root", text_until(rules, form.opening, following, may_end=True))
    return rules.grammar()


def _rules_of(form: ToolFormat) -> Rules:
    if (marks := form.marks) is not None:
        return _GemmaRules(marks)
    return _PythonRules() if form is ToolFormat.GEMMA3 else Rules()


def _following(rules: Rules, call: str, form: ToolFormat) -> str:
    """Return the rule for all that follows the first opening: calls, at most MAX_CALLS, and their ends."""
    if form is ToolFormat.GEMMA3:
        return rules.add(f"{_times(call + ' ' + _NEWLINE)} {literal(FENCE_END)} {_NEWLINE}?", "calls")
    if form is ToolFormat.MISTRAL:
        more = rules.add(f'"," {rules.base("ws")} {call}', "more")
        return rules.add(f'{rules.base("ws")} "[" {call} {more}{{0,{MAX_CALLS - 1}}} "]"', "calls")
    closing = "" if form is ToolFormat.MISTRAL_ARGS else literal(form.marks.closing if form.marks else CLOSING)
    gap = "" if form.marks is not None or not closing else f"{_NEWLINE}?"
    following = ""
    for _ in range(MAX_CALLS):
        again = f"({gap} {literal(form.opening)} {following})?" if following else ""
        following = rules.add(f"{gap} {call} {gap} {closing} {again} {gap}", "calls")
    return following


_NEWLINE = '"\\n"'


def _times(body: str) -> str:
    return f"({body}){{1,{MAX_CALLS}}}"


# ---- one call


def _json_call(rules: Rules, tool: ToolDef, form: ToolFormat) -> str:
    arguments = _arguments(rules, tool)
    name, key = literal(json.dumps(tool.name, ensure_ascii=False)), literal(f'"{form.arguments_key}"')
    ws = rules.base("ws")
    return rules.add(f'"{{" {ws} "\\"name\\":" {ws} {name} "," {ws} {key} ":" {ws} {arguments} {ws} "}}"', "tool")


def _args_call(rules: Rules, tool: ToolDef, _: ToolFormat) -> str:
    return rules.add(f"{literal(tool.name + ARGS)} {_arguments(rules, tool)}", "tool")


def _gemma_call(rules: Rules, tool: ToolDef, _: ToolFormat) -> str:
    return rules.add(f"{literal('call:' + tool.name)} {_arguments(rules, tool)}", "tool")


def _arguments(rules: Rules, tool: ToolDef) -> str:
    try:
        return rules.schema({"type": "object", **tool.parameters})
    except SchemaError:
        return rules.any_object()


def _python_call(rules: Rules, tool: ToolDef, _: ToolFormat) -> str:
    try:
        members = _members(rules, tool, _python_member)
        arguments = rules.sequence(members, ",", " ")
    except SchemaError:
        pair = f'[a-zA-Z_] [a-zA-Z0-9_]{{0,63}} "=" {rules.schema(True)}'
        arguments = rules.add(f'({pair} (", " {pair}){{0,15}})?', "pairs")
    return rules.add(f'{literal(tool.name + "(")} {arguments} ")"', "tool")


def _coder_call(rules: Rules, tool: ToolDef, _: ToolFormat) -> str:
    try:
        members = _members(rules, tool, _coder_member)
        arguments = " ".join(one if needed else f"({one})?" for one, needed in members)
    except SchemaError:
        end = _raw_text(rules)
        arguments = f'("<parameter=" [a-zA-Z_] [a-zA-Z0-9_]{{0,63}} ">" {_NEWLINE} {end}){{0,16}}'
    start = f"{literal(f'<function={tool.name}>')} {_NEWLINE}"
    return rules.add(f'{start} {arguments} "</function>"', "tool")


_Member: TypeAlias = Callable[[Rules, str, Any, Any], str]


def _members(rules: Rules, tool: ToolDef, write: _Member) -> list[tuple[str, bool]]:
    """Return one rule per property, and whether it must be there. Raises SchemaError."""
    schema: dict[str, Any] = {"type": "object", **tool.parameters}
    rules.schema(schema)  # refuses what no grammar can express
    needed = frozenset(schema.get("required") or ())
    properties = {name: value for name, value in (schema.get("properties") or {}).items() if value is not False}
    return [
        (rules.add(write(rules, name, value, schema), "member"), name in needed) for name, value in properties.items()
    ]


def _python_member(rules: Rules, name: str, schema: Any, root: Any) -> str:
    return f"{literal(name + '=')} {rules.schema(schema, root)}"


def _coder_member(rules: Rules, name: str, schema: Any, root: Any) -> str:
    return f"{literal(f'<parameter={name}>')} {_NEWLINE} {_coder_value(rules, schema, root)}"


def _coder_value(rules: Rules, schema: Any, root: Any) -> str:
    """Return the rule of a value of Qwen3-Coder and its end: strings stand there bare, all else as JSON."""
    end = f'{_NEWLINE} "</parameter>" {_NEWLINE}'
    if is_text(schema):
        choices = [schema["const"]] if "const" in schema else schema.get("enum")
        if choices is None:
            return _raw_text(rules)
        return f"({' | '.join(literal(str(choice)) for choice in choices)}) {end}"
    return f"{rules.schema(schema, root)} {end}"


def is_text(schema: Any) -> bool:
    """Return whether every value of a schema is a string, so that Qwen3-Coder writes it bare."""
    if not isinstance(schema, dict):
        return False
    if "const" in schema or "enum" in schema:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        return isinstance(values, Sequence) and bool(values) and all(isinstance(value, str) for value in values)
    return schema.get("type") == "string"


def _raw_text(rules: Rules) -> str:
    return text_until(rules, "\n</parameter>", _NEWLINE, may_end=False)


_WRITERS: dict[ToolFormat, Callable[[Rules, ToolDef, ToolFormat], str]] = {
    ToolFormat.QWEN_CODER: _coder_call,
    ToolFormat.GEMMA3: _python_call,
    ToolFormat.FUNCTION_GEMMA: _gemma_call,
    ToolFormat.GEMMA4: _gemma_call,
    ToolFormat.MISTRAL_ARGS: _args_call,
}


class _GemmaRules(Rules):
    """JSON as Gemma writes it: no white space, bare keys, strings between marks of their own."""

    def __init__(self, marks: GemmaMarks) -> None:
        super().__init__()
        self._quote = marks.quote
        self.overrides = {"ws": '""', "key": "[a-zA-Z_] [a-zA-Z0-9_-]{0,63}"}

    def base(self, name: str) -> str:
        if name == "string" and name not in self._rules:
            self._rules[name] = ""
            inside = text_until(self, self._quote, '""', may_end=False)
            return self.define(name, f"{literal(self._quote)} {inside}")
        return super().base(name)

    def written(self, value: object) -> str:
        if isinstance(value, str):
            return f"{self._quote}{value}{self._quote}"
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def key(self, name: str) -> str:
        return name


class _PythonRules(Rules):
    """JSON as Python reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.overrides = {
            "boolean": '"True" | "False"',
            "null": '"None"',
            # Python does not know the escaped slash of JSON
            "escape": '["\\\\bfnrt] | "u" ([0-9a-cA-Ce-fE-F] hex hex hex | [dD] [0-7] hex hex)',
        }

    def written(self, value: object) -> str:
        return repr(value) if value is None or isinstance(value, bool) else super().written(value)


# ---- Llama 3, and free text


def _llama3(rules: Rules, call: str, required: bool) -> None:
    more = rules.add(f'";" {rules.base("ws")} {call}', "more")
    calls = f"({literal(PYTHON_TAG)})? {call} {more}{{0,{MAX_CALLS - 1}}}"
    rules.define("anything", '[^\\x00] anything | ""')
    text = '[^{ \\t\\n<] anything | ""'
    # "<" begins a text too, but not the tag
    rules.define("tagless", text_until(rules, PYTHON_TAG, None, may_end=True))
    rules.define("space", "[ \\t\\n]{0,4}")
    rules.define("root", f"space ({calls})" if required else f'space ({calls} | {text} | "<" tagless)')


def text_until(rules: Rules, mark: str, following: str | None, *, may_end: bool) -> str:
    """Return the rule of free text that cannot hold `mark` except as the way to `following`.

    One rule per state of the search automaton (Knuth, Morris, Pratt), right-linear, so that the stack of the
    grammar stays flat however long the text is. Without `following` the mark is simply forbidden; with `may_end`
    the text may also end before it.
    """
    family = next(n for n in count() if not rules.has(f"until{n}-0"))
    names = [f"until{family}-{state}" for state in range(len(mark))]
    for state, name in enumerate(names):
        steps = {character: _next_state(mark, state, character) for character in dict.fromkeys(mark)}
        options = [f"{negated_class(''.join(steps))} {names[0]}", *(['""'] if may_end else [])]
        for character, target in steps.items():
            if target < len(mark):
                options.append(f"{literal(character)} {names[target]}")
            elif following is not None:
                options.append(f"{literal(character)} {following}")
        rules.define(name, " | ".join(options))
    return names[0]


def _next_state(mark: str, state: int, character: str) -> int:
    """Return the length of the longest beginning of `mark` that ends `mark[:state] + character`."""
    text = mark[:state] + character
    return next(size for size in range(len(text), -1, -1) if text.endswith(mark[:size]))
