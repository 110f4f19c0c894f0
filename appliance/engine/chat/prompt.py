"""From a conversation to a prompt: the first way of rendering that the template of the model accepts."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.engine.api import Chat, ToolDef
from appliance.engine.chat import formats
from appliance.engine.chat.calls import call_grammar
from appliance.engine.chat.formats import Offer, ToolFormat
from appliance.engine.chat.grammar import Grammar, schema_grammar
from appliance.engine.chat.template import CHATML, CUT, ChatTemplate, SpecialTexts, TemplateError
from appliance.foundation.errors import ApplianceError


class ChatError(ApplianceError):
    """A conversation cannot be made a prompt; the message says which part is wrong."""

    code = "invalid_chat"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt in pieces (tokenised one by one), what bounds the answer and how the answer is read."""

    pieces: tuple[str, ...]
    grammar: Grammar | None
    form: Offer | None  # None: the answer holds no calls
    thinking_open: bool  # the prompt ends inside the model's thinking


class PromptMaker:
    """Renders conversations for one model."""

    def __init__(self, source: str | None, specials: SpecialTexts, now: Callable[[], datetime.datetime]) -> None:
        self._specials = specials
        self._chatml = ChatTemplate(CHATML, now)
        self.problem = ""  # why the model's own template is not used
        self._template = self._chatml
        try:
            self._template = self._chatml if source is None else ChatTemplate(source, now)
        except TemplateError as error:
            self.problem = str(error)
        self.form = formats.format_of(self._template.source)

    def prompt(self, chat: Chat) -> Prompt:
        """Return the prompt of a conversation. Raises ChatError, SchemaError."""
        tools = _offered(chat)
        pieces, form = self._rendered(chat, tools)
        return Prompt(
            tuple(pieces),
            _grammar(chat, tools, form),
            Offer(form, tuple(tools)) if tools else None,
            "".join(pieces[-2:]).rstrip().endswith(formats.THINK_OPENING),
        )

    def plain_pieces(self, text: str) -> list[str]:
        """Return text in pieces that hold no name of a special token, to be tokenised one by one."""
        return [piece for piece in self._specials.inert(text).split(CUT) if piece]

    def _rendered(self, chat: Chat, tools: Sequence[ToolDef]) -> tuple[list[str], ToolFormat]:
        refusal: TemplateError | None = None
        for template, form, messages in self._ways(chat, tools):
            native = [formats.tool_json(tool) for tool in tools] if form.native else []
            try:
                rendered = template.render(messages, self._specials, tools=native, thinking=chat.thinking)
            except TemplateError as error:
                refusal = error
                continue
            return rendered, form
        raise ChatError(f"no chat template accepts this conversation: {refusal}")

    def _ways(
        self, chat: Chat, tools: Sequence[ToolDef]
    ) -> Iterator[tuple[ChatTemplate, ToolFormat, list[dict[str, Any]]]]:
        """Yield ways to render, the model's own first. Templates refuse system texts, calls or orders of roles."""
        messages = _checked(chat.messages)
        if self.form.native:
            mistral = self.form in (ToolFormat.MISTRAL, ToolFormat.MISTRAL_ARGS)
            told = formats.with_short_ids(messages) if mistral else messages
            yield self._template, self.form, _with_system(chat.system, told)
        form = ToolFormat.PLAIN if self.form.native else self.form
        plain = _with_system(formats.explained(chat.system, tools, form), formats.spelled_out(messages, form))
        yield self._template, form, plain
        yield self._template, form, formats.alternating(plain)
        plain = _with_system(formats.explained(chat.system, tools), formats.spelled_out(messages))
        yield self._chatml, ToolFormat.PLAIN, plain


def _offered(chat: Chat) -> list[ToolDef]:
    if chat.tool_choice == "none" or chat.response_schema is not None:
        return []
    if chat.tool_choice in ("auto", "required"):
        if chat.tool_choice == "required" and not chat.tools:
            raise ChatError("a tool call is required, but no tool was given")
        return list(chat.tools)
    if not any(tool.name == chat.tool_choice for tool in chat.tools):
        raise ChatError(f"tool_choice names `{chat.tool_choice}`, which is not among the tools")
    return list(chat.tools)


def _grammar(chat: Chat, tools: Sequence[ToolDef], form: ToolFormat) -> Grammar | None:
    if chat.response_schema is not None:
        return schema_grammar(chat.response_schema)
    if not tools:
        return None
    if chat.tool_choice in ("auto", "required"):
        return call_grammar(tools, form, required=chat.tool_choice == "required")
    named = [tool for tool in tools if tool.name == chat.tool_choice]
    return call_grammar(named, form, required=True)


def _with_system(system: str, messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"role": "system", "content": system}, *messages] if system else list(messages)


def _checked(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages if their shape is one that templates can read. Raises ChatError."""
    if not messages:
        raise ChatError("a conversation needs at least one message")
    for index, message in enumerate(messages):
        if message.get("role") not in ("system", "user", "assistant", "tool"):
            raise ChatError(f"message {index} has the role {message.get('role')!r}")
        if not isinstance(message.get("content", ""), str):
            raise ChatError(f"message {index}: content must be text")
        for call in message.get("tool_calls") or ():
            function = call.get("function") if isinstance(call, dict) else None
            if not isinstance(function, dict) or not isinstance(function.get("arguments"), dict):
                raise ChatError(f"message {index}: a tool call needs a function with arguments as an object")
            if not isinstance(function.get("name"), str):
                raise ChatError(f"message {index}: a tool call needs the name of its function")
    return list(messages)
