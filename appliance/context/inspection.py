"""Where the tokens of a prompt go, in words for `/context list` and `/context detail`. Estimates, as the cut uses."""

from __future__ import annotations

import msgspec

from appliance.context.assembly import Assembly, Size
from appliance.context.budget import estimate_text_tokens, estimate_tokens
from appliance.generation import ModelInfo, ToolSpec
from appliance.messages import Message

_SHOWN_MESSAGES = 20
_SHOWN_CHARS = 60


def overview(assembly: Assembly, model: ModelInfo) -> str:
    """Return one line per part of the prompt."""
    size = assembly.size(model)
    used = size.system + size.tools + size.history
    rows = [
        ("system prompt", size.system, ""),
        ("tools", size.tools, _kit(size)),
        ("history", size.history, _messages(size)),
        ("free for the answer", max(0, size.window - used), ""),
    ]
    lines = [f"{name}: about {count} tokens ({_share(count, size.window)}){more}" for name, count, more in rows]
    return "\n".join([f"{model.ref}, window {size.window} tokens", *lines])


def detail(assembly: Assembly, model: ModelInfo) -> str:
    """Return the overview, then each tool and the newest messages."""
    request = assembly.request(model)
    tools = [f"  {tool.name}: {_tool_tokens(tool)}" for tool in request.tools]
    shown = request.messages[-_SHOWN_MESSAGES:]
    earlier = len(request.messages) - len(shown)
    messages = [f"  {message.role.value}: {estimate_tokens(message)} {_begin(message)}" for message in shown]
    head = [f"  ({earlier} earlier)"] if earlier else []
    parts = [overview(assembly, model), "", "Tools:", *tools, "", "Messages:", *head, *messages]
    return "\n".join(parts)


def _kit(size: Size) -> str:
    names = f"{len(size.tool_names)} tools"
    return f", kit {size.kit} of {names}" if size.kit else f", {names}"


def _messages(size: Size) -> str:
    left = f", {size.dropped} earlier ones do not fit" if size.dropped else ""
    return f", {size.messages} messages{left}"


def _share(count: int, window: int) -> str:
    return f"{100 * count / window:.0f} %"


def _tool_tokens(tool: ToolSpec) -> int:
    return estimate_text_tokens(len(msgspec.json.encode(tool)))


def _begin(message: Message) -> str:
    text = " ".join(message.text.split()) or ", ".join(call.name for call in message.tool_calls)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
