"""Conversations as OpenAI's two interfaces write them, read into the values of this program. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from appliance.gateway.http.openai_frame import bad_request
from appliance.gateway.methods.attachments import MAX_IMAGE_BYTES, sniff_image
from appliance.generation import ToolSpec
from appliance.messages import Image, Message, Part, Role, Text, ToolCall, ToolResult

MAX_MESSAGES = 2000
MAX_TOOLS = 128


@dataclass(frozen=True, slots=True)
class Conversation:
    """System text and messages, oldest first."""

    system: str
    messages: tuple[Message, ...]

    @property
    def last_user(self) -> Message:
        """Return the message that asks for an answer. Raises HttpError when the last one is not a person's."""
        if not self.messages or self.messages[-1].role is not Role.USER:
            raise bad_request("The last message must be from the user.", param="messages")
        return self.messages[-1]


class _Builder:
    """Collects messages; consecutive tool calls of one answer become one message."""

    def __init__(self) -> None:
        self.system: list[str] = []
        self.messages: list[Message] = []
        self._names: dict[str, str] = {}

    def add(self, role: Role, parts: Sequence[Part]) -> None:
        last = self.messages[-1] if self.messages else None
        if last is not None and last.role is role and role is not Role.USER:
            self.messages[-1] = Message(role, (*last.parts, *parts))
        elif parts:
            self.messages.append(Message(role, tuple(parts)))

    def call(self, call_id: Any, name: Any, arguments: Any, where: str) -> ToolCall:
        if not isinstance(call_id, str) or not isinstance(name, str):
            raise bad_request("A tool call needs an id and a name.", param=where)
        try:
            decoded = msgspec.json.decode(arguments or "{}")
        except (msgspec.DecodeError, TypeError, RecursionError):
            raise bad_request("The arguments of a tool call must be JSON text.", param=where) from None
        if not isinstance(decoded, dict):
            raise bad_request("The arguments of a tool call must be an object.", param=where)
        self._names[call_id] = name
        return ToolCall(call_id, name, decoded)

    def result(self, call_id: Any, text: str, where: str) -> ToolResult:
        if call_id not in self._names:
            raise bad_request("A tool result answers no tool call of this conversation.", param=where)
        return ToolResult(call_id, self._names[call_id], text)

    def done(self) -> Conversation:
        return Conversation("\n\n".join(self.system), tuple(self.messages))


def from_chat(messages: Sequence[Mapping[str, Any]]) -> Conversation:
    """Read the `messages` of chat completions. Raises HttpError that names the message."""
    if not messages or len(messages) > MAX_MESSAGES:
        raise bad_request(f"`messages` must hold 1 to {MAX_MESSAGES} messages.", param="messages")
    builder = _Builder()
    for number, message in enumerate(messages):
        where = f"messages.{number}"
        match message.get("role"):
            case "system" | "developer":
                builder.system.append(_text(message.get("content"), where))
            case "user":
                builder.add(Role.USER, _parts(message.get("content"), where))
            case "assistant":
                builder.add(Role.ASSISTANT, _assistant(builder, message, where))
            case "tool":
                text = _text(message.get("content"), where)
                builder.add(Role.TOOL, [builder.result(message.get("tool_call_id"), text, where)])
            case _:
                raise bad_request(
                    "Unknown role: use system, developer, user, assistant or tool.", param=f"{where}.role"
                )
    return builder.done()


def _assistant(builder: _Builder, message: Mapping[str, Any], where: str) -> list[Part]:
    parts: list[Part] = []
    if text := _text(message.get("content"), where):
        parts.append(Text(text))
    for call in message.get("tool_calls") or ():
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise bad_request("Only function calls are supported.", param=f"{where}.tool_calls")
        parts.append(builder.call(call.get("id"), function.get("name"), function.get("arguments"), where))
    return parts


def from_responses(items: str | Sequence[Mapping[str, Any]], instructions: str | None) -> Conversation:
    """Read the `input` and `instructions` of the Responses interface. Raises HttpError that names the item."""
    builder = _Builder()
    if instructions:
        builder.system.append(instructions)
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    if not items or len(items) > MAX_MESSAGES:
        raise bad_request(f"`input` must hold 1 to {MAX_MESSAGES} items.", param="input")
    for number, item in enumerate(items):
        _item(builder, item, f"input.{number}")
    return builder.done()


def _item(builder: _Builder, item: Mapping[str, Any], where: str) -> None:
    match item.get("type", "message"), item.get("role"):
        case "message", "system" | "developer":
            builder.system.append(_text(item.get("content"), where))
        case "message", "user":
            builder.add(Role.USER, _parts(item.get("content"), where))
        case "message", "assistant":
            text = _text(item.get("content"), where)
            builder.add(Role.ASSISTANT, [Text(text)] if text else [])
        case "function_call", _:
            call = builder.call(item.get("call_id"), item.get("name"), item.get("arguments"), where)
            builder.add(Role.ASSISTANT, [call])
        case "function_call_output", _:
            builder.add(Role.TOOL, [builder.result(item.get("call_id"), _text(item.get("output"), where), where)])
        case "reasoning" | "item_reference", _:
            return
        case kind, _:
            raise bad_request(f"Items of type {kind} are not supported.", param=where)


_TEXT_PARTS = ("text", "input_text", "output_text", "refusal")


def _text(content: Any, where: str) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    texts = [part.text for part in _parts(content, where) if isinstance(part, Text)]
    return "\n".join(texts)


def _parts(content: Any, where: str) -> list[Part]:
    if isinstance(content, str):
        return [Text(content)]
    if not isinstance(content, list):
        raise bad_request("`content` must be text or a list of parts.", param=f"{where}.content")
    return [_part(part, where) for part in content]


def _part(part: Any, where: str) -> Part:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind in _TEXT_PARTS:
        text = part.get("refusal") if kind == "refusal" else part.get("text")
        if isinstance(text, str):
            return Text(text)
    elif kind in ("image_url", "input_image"):
        url = part.get("image_url")
        return image(url.get("url") if isinstance(url, dict) else url, where)
    raise bad_request(f"Content of type {kind} is not supported: send text or images.", param=f"{where}.content")


def image(url: Any, where: str) -> Image:
    """Decode a data URL. Addresses are refused: the box fetches nothing that a request names."""
    if not isinstance(url, str) or not url.startswith("data:"):
        raise bad_request("Images must be data URLs (data:image/png;base64,…).", param=f"{where}.content")
    try:
        content = base64.b64decode(url.partition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        raise bad_request("The image is not valid base64.", param=f"{where}.content") from None
    media_type = sniff_image(content)
    if media_type is None or len(content) > MAX_IMAGE_BYTES:
        limit = f"Images must be PNG, JPEG, GIF or WebP of at most {MAX_IMAGE_BYTES} bytes."
        raise bad_request(limit, param=f"{where}.content")
    return Image(media_type, content)


def tool_specs(tools: Sequence[Mapping[str, Any]]) -> tuple[ToolSpec, ...]:
    """Read the caller's own tools, in the shape of either interface. Raises HttpError that names the tool."""
    if len(tools) > MAX_TOOLS:
        raise bad_request(f"At most {MAX_TOOLS} tools.", param="tools")
    return tuple(_tool(tool, f"tools.{number}") for number, tool in enumerate(tools))


def _tool(tool: Mapping[str, Any], where: str) -> ToolSpec:
    function = tool.get("function", tool)
    if tool.get("type") != "function" or not isinstance(function, dict):
        raise bad_request("Only tools of type function are supported.", param=where)
    name, parameters = function.get("name"), function.get("parameters") or {"type": "object", "properties": {}}
    if not isinstance(name, str) or not name or len(name) > 64 or not isinstance(parameters, dict):
        raise bad_request("A tool needs a name (64 characters at most) and parameters.", param=where)
    return ToolSpec(name, str(function.get("description") or ""), parameters)
