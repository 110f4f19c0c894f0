"""What is said in a conversation, as frozen values without ids, time or storage.

A message is one turn of one speaker; its parts are text, images, tool calls and tool results.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

JsonObject: TypeAlias = Mapping[str, Any]


class Role(enum.StrEnum):
    """Who speaks. The system prompt is not a message: it travels beside them."""

    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text, UTF-8."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image in memory. In storage it is a blob named by its hash, never base64 in a row."""

    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The wish of a model to have a tool run. `arguments` fits the JSON Schema of the tool once validated."""

    id: str
    name: str
    arguments: JsonObject


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered. `text` is a short sentence a person could be shown; `data` is JSON for programs."""

    call_id: str
    name: str
    text: str
    is_error: bool = False
    data: Any = None


Part: TypeAlias = Text | Image | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of one speaker: USER holds Text and Image, ASSISTANT Text and ToolCall, TOOL only ToolResult."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one model call. None means the provider did not say: unknown is not zero."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
