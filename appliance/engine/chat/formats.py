"""How models write tool calls: the formats, how a template shows which one it was made for, the words that explain it.

Hermes (also Qwen 2.5 and 3, and our plain default): `<tool_call>{"name": …, "arguments": {…}}</tool_call>` anywhere.
Qwen3-Coder: `<tool_call><function=NAME><parameter=KEY>value</parameter></function></tool_call>`, values as they are.
Llama 3: the whole answer is `{"name": …, "parameters": {…}}`, more of them after a semicolon.
Gemma 3: its template knows no tools; it was taught Python calls in a `tool_code` fence, one call a line.
FunctionGemma and Gemma 4: `call:NAME{key:value}` between marks of their own, strings between a mark for quoting.
Mistral: `[TOOL_CALLS][{"name": …, "arguments": {…}}, …]`, newer ones `[TOOL_CALLS]NAME[ARGS]{…}` for each call.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from appliance.engine.api import ToolDef

OPENING = "<tool_call>"
CLOSING = "</tool_call>"
PYTHON_TAG = "<|python_tag|>"
FENCE, FENCE_END = "```tool_code\n", "```"
TOOL_CALLS, ARGS = "[TOOL_CALLS]", "[ARGS]"
THINK_OPENING = "<think>"
THINK_CLOSING = "</think>"
MAX_CALLS = 8  # of one answer


@dataclass(frozen=True, slots=True)
class GemmaMarks:
    """What stands around a call and around a string in it."""

    opening: str
    closing: str
    quote: str


FUNCTION_GEMMA_MARKS = GemmaMarks("<start_function_call>", "<end_function_call>", "<escape>")
GEMMA4_MARKS = GemmaMarks("<|tool_call>", "<tool_call|>", '<|"|>')

# control tokens that are shown to the parser by their names; all others are silent
MARKS = frozenset(
    {
        OPENING,
        CLOSING,
        PYTHON_TAG,
        THINK_OPENING,
        THINK_CLOSING,
        TOOL_CALLS,
        ARGS,
        *(FUNCTION_GEMMA_MARKS.opening, FUNCTION_GEMMA_MARKS.closing, FUNCTION_GEMMA_MARKS.quote),
        *(GEMMA4_MARKS.opening, GEMMA4_MARKS.closing, GEMMA4_MARKS.quote),
    }
)

_EXPLANATION = """\
You can call these tools, one JSON object a line:
{tools}
To call a tool write exactly this, and nothing after it:
<tool_call>
{{"name": "<name>", "arguments": {{<arguments>}}}}
</tool_call>
Answer without a call when no tool is needed."""
_FENCE_EXPLANATION = """\
You can call these functions, one JSON object a line:
{tools}
To call one write exactly this, and nothing after it:
```tool_code
name(key="text", other=1)
```
Its answer comes in a block tool_output. Answer without a call when no function is needed."""


class ToolFormat(enum.StrEnum):
    """PLAIN is Hermes with our own explanation in the system text: the template knows nothing of tools."""

    HERMES = "hermes"
    QWEN_CODER = "qwen-coder"
    LLAMA3 = "llama3"
    GEMMA3 = "gemma3"
    FUNCTION_GEMMA = "function-gemma"
    GEMMA4 = "gemma4"
    MISTRAL = "mistral"
    MISTRAL_ARGS = "mistral-args"
    PLAIN = "plain"

    @property
    def native(self) -> bool:
        """Whether the template itself writes the tools; else our words do."""
        return self not in (ToolFormat.PLAIN, ToolFormat.GEMMA3)

    @property
    def arguments_key(self) -> str:
        return "parameters" if self is ToolFormat.LLAMA3 else "arguments"

    @property
    def marks(self) -> GemmaMarks | None:
        return {ToolFormat.FUNCTION_GEMMA: FUNCTION_GEMMA_MARKS, ToolFormat.GEMMA4: GEMMA4_MARKS}.get(self)

    @property
    def opening(self) -> str:
        """What opens a call anywhere in a text; Llama 3 has nothing of the kind."""
        if (marks := self.marks) is not None:
            return marks.opening
        if self is ToolFormat.GEMMA3:
            return FENCE
        if self in (ToolFormat.MISTRAL, ToolFormat.MISTRAL_ARGS):
            return TOOL_CALLS
        return "" if self is ToolFormat.LLAMA3 else OPENING


@dataclass(frozen=True, slots=True)
class Offer:
    """What a model was offered in a turn, and how it writes calls of it."""

    form: ToolFormat
    tools: tuple[ToolDef, ...] = ()


def format_of(template: str) -> ToolFormat:
    """Return the format that a template was written for, PLAIN when it is none of ours."""
    if "tools" not in template:
        return ToolFormat.GEMMA3 if "<start_of_turn>" in template else ToolFormat.PLAIN
    for mark, form in (
        (GEMMA4_MARKS.opening, ToolFormat.GEMMA4),
        (FUNCTION_GEMMA_MARKS.opening, ToolFormat.FUNCTION_GEMMA),
        ("<parameter=", ToolFormat.QWEN_CODER),
    ):
        if mark in template:
            return form
    if "<function=" in template or "<arg_key>" in template:
        return ToolFormat.PLAIN
    if OPENING in template and "arguments" in template:
        return ToolFormat.HERMES
    if PYTHON_TAG in template or ('"parameters"' in template and "ipython" in template):
        return ToolFormat.LLAMA3
    if TOOL_CALLS in template:
        return ToolFormat.MISTRAL_ARGS if ARGS in template else ToolFormat.MISTRAL
    return ToolFormat.PLAIN


# ---- in words, for templates that know nothing of tools


def tool_json(tool: ToolDef) -> dict[str, Any]:
    """Return a tool in the shape that templates expect."""
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
    }


def explained(system: str, tools: Sequence[ToolDef], form: ToolFormat = ToolFormat.PLAIN) -> str:
    """Return the system text with the tools and the way to call them behind it."""
    if not tools:
        return system
    lines = "\n".join(json.dumps(tool_json(tool)["function"], ensure_ascii=False) for tool in tools)
    words = _FENCE_EXPLANATION if form is ToolFormat.GEMMA3 else _EXPLANATION
    return f"{system}\n\n{words.format(tools=lines)}".strip()


def spelled_out(messages: Sequence[dict[str, Any]], form: ToolFormat = ToolFormat.PLAIN) -> list[dict[str, Any]]:
    """Return the messages with calls and results written into plain text of assistant and user."""
    fenced = form is ToolFormat.GEMMA3
    plain: list[dict[str, Any]] = []
    for message in messages:
        content = str(message.get("content") or "")
        functions = [call["function"] for call in message.get("tool_calls") or ()]
        written = _fenced(functions) if fenced else "\n".join(map(_tagged, functions))
        content = f"{content}\n{written}".strip("\n") if functions else content
        if message["role"] == "tool":
            answer = f"```tool_output\n{content}\n```" if fenced else f"<tool_response>\n{content}\n</tool_response>"
            plain.append({"role": "user", "content": answer})
        else:
            plain.append({"role": message["role"], "content": content})
    return plain


def _tagged(function: dict[str, Any]) -> str:
    wish = json.dumps({"name": function["name"], "arguments": function["arguments"]}, ensure_ascii=False)
    return f"{OPENING}\n{wish}\n{CLOSING}"


def _fenced(functions: Sequence[dict[str, Any]]) -> str:
    lines = (
        f"{one['name']}({', '.join(f'{key}={_python(value)}' for key, value in one['arguments'].items())})"
        for one in functions
    )
    return f"{FENCE}{chr(10).join(lines)}\n{FENCE_END}" if functions else ""


def _python(value: Any) -> str:
    return repr(value) if value is None or isinstance(value, bool) else json.dumps(value, ensure_ascii=False)


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


def with_short_ids(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages with ids of nine letters and digits, which templates of Mistral insist on."""
    changed = []
    for message in messages:
        copy = dict(message)
        if message.get("tool_calls"):
            copy["tool_calls"] = [{**call, "id": _short(str(call.get("id", "")))} for call in message["tool_calls"]]
        if "tool_call_id" in message:
            copy["tool_call_id"] = _short(str(message["tool_call_id"]))
        changed.append(copy)
    return changed


def _short(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=5).hexdigest()[:9]
