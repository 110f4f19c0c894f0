"""How models write tool calls: what opens one, the grammar that binds it, the words that explain it.

Hermes (also Qwen, and our plain default): `<tool_call>{"name": …, "arguments": {…}}</tool_call>` anywhere.
Llama 3: the whole answer is `{"name": …, "parameters": {…}}`, more of them after a semicolon.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Sequence
from typing import Any

from appliance.engine.api import ToolDef
from appliance.engine.chat.grammar import Grammar, Rules, SchemaError, literal, negated_class

OPENING = "<tool_call>"
CLOSING = "</tool_call>"
PYTHON_TAG = "<|python_tag|>"
THINK_OPENING = "<think>"
THINK_CLOSING = "</think>"
# control tokens that are shown to the parser by their names; all others are silent
MARKS = frozenset({OPENING, CLOSING, PYTHON_TAG, THINK_OPENING, THINK_CLOSING})
MAX_CALLS = 8  # of one answer

_EXPLANATION = """\
You can call these tools, one JSON object a line:
{tools}
To call a tool write exactly this, and nothing after it:
<tool_call>
{{"name": "<name>", "arguments": {{<arguments>}}}}
</tool_call>
Answer without a call when no tool is needed."""


class ToolFormat(enum.StrEnum):
    """PLAIN is Hermes with our own explanation in the system text: the template knows nothing of tools."""

    HERMES = "hermes"
    LLAMA3 = "llama3"
    PLAIN = "plain"

    @property
    def arguments_key(self) -> str:
        return "parameters" if self is ToolFormat.LLAMA3 else "arguments"


def format_of(template: str) -> ToolFormat:
    """Return the format that a template was written for, PLAIN when it is none of ours."""
    if "tools" not in template or "<function=" in template or "<arg_key>" in template:
        return ToolFormat.PLAIN
    if OPENING in template and "arguments" in template:
        return ToolFormat.HERMES
    if PYTHON_TAG in template or ('"parameters"' in template and "ipython" in template):
        return ToolFormat.LLAMA3
    return ToolFormat.PLAIN


def call_grammar(tools: Sequence[ToolDef], form: ToolFormat, *, required: bool) -> Grammar:
    """Return the grammar of an answer with calls of `tools`; text beside them unless `required`.

    A schema that no grammar can express leaves its arguments any JSON object: the executor validates them.
    """
    rules = Rules()
    ws = rules.base("ws")
    call = rules.add(" | ".join(_call(rules, tool, form) for tool in tools), "call")
    if form is ToolFormat.LLAMA3:
        _llama3(rules, call, required)
    else:
        following = ""
        for _ in range(MAX_CALLS):
            again = f' ("\\n"? {literal(OPENING)} {following})?' if following else ""
            body = f'"\\n"? {call} "\\n"? {literal(CLOSING)}{again} "\\n"?'
            following = rules.add(body, "calls")
        start = f'"\\n"? {ws} {literal(OPENING)} {following}'
        rules.define("root", start if required else _text_until(rules, OPENING, following))
    return rules.grammar()


def _call(rules: Rules, tool: ToolDef, form: ToolFormat) -> str:
    try:
        arguments = rules.schema({"type": "object", **tool.parameters})
    except SchemaError:
        arguments = rules.any_object()
    name, key = literal(json.dumps(tool.name, ensure_ascii=False)), literal(f'"{form.arguments_key}"')
    ws = rules.base("ws")
    body = f'"{{" {ws} "\\"name\\":" {ws} {name} "," {ws} {key} ":" {ws} {arguments} {ws} "}}"'
    return rules.add(body, "tool")


def _llama3(rules: Rules, call: str, required: bool) -> None:
    more = rules.add(f'";" {rules.base("ws")} {call}', "more")
    calls = f"({literal(PYTHON_TAG)})? {call} {more}{{0,{MAX_CALLS - 1}}}"
    rules.define("anything", '[^\\x00] anything | ""')
    text = '[^{ \\t\\n<] anything | ""'
    # "<" begins a text too, but not the tag
    rules.define("tagless", _text_until(rules, PYTHON_TAG, None))
    rules.define("space", "[ \\t\\n]{0,4}")
    rules.define("root", f"space ({calls})" if required else f'space ({calls} | {text} | "<" tagless)')


def _text_until(rules: Rules, mark: str, following: str | None) -> str:
    """Return the body of free text that cannot hold `mark` except as the way to `following`.

    One rule per state of the search automaton (Knuth, Morris, Pratt), right-linear, so that the stack of the
    grammar stays flat however long the text is. Without `following` the mark is simply forbidden.
    """
    names = [f"until-{state}" for state in range(len(mark))]
    for state, name in enumerate(names):
        steps = {character: _next_state(mark, state, character) for character in dict.fromkeys(mark)}
        options = [f"{negated_class(''.join(steps))} {names[0]}", '""']
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


# ---- in words, for templates that know nothing of tools


def tool_json(tool: ToolDef) -> dict[str, Any]:
    """Return a tool in the shape that templates expect."""
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
    }


def explained(system: str, tools: Sequence[ToolDef]) -> str:
    """Return the system text with the tools and the way to call them behind it."""
    if not tools:
        return system
    lines = "\n".join(json.dumps(tool_json(tool)["function"], ensure_ascii=False) for tool in tools)
    return f"{system}\n\n{_EXPLANATION.format(tools=lines)}".strip()


def spelled_out(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages with calls and results written into plain text of assistant and user."""
    plain: list[dict[str, Any]] = []
    for message in messages:
        content = str(message.get("content") or "")
        for call in message.get("tool_calls") or ():
            function = call["function"]
            wish = json.dumps(
                {"name": function["name"], "arguments": function["arguments"]}, ensure_ascii=False
            )
            content = f"{content}\n{OPENING}\n{wish}\n{CLOSING}".lstrip("\n")
        if message["role"] == "tool":
            plain.append({"role": "user", "content": f"<tool_response>\n{content}\n</tool_response>"})
        else:
            plain.append({"role": message["role"], "content": content})
    return plain


def alternating(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages as strict turns of user and assistant: system text joins the first user's."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message["role"] == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1] = {"role": role, "content": f"{turns[-1]['content']}\n\n{message['content']}"}
        else:
            turns.append({"role": role, "content": message["content"]})
    return [{"role": "user", "content": ""}, *turns] if turns and turns[0]["role"] == "assistant" else turns
