"""Finds the end of a tool call in a text that grows, and what it says, for each way to write one."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from appliance.engine.chat.calls import is_text
from appliance.engine.chat.formats import ARGS, GemmaMarks, Offer, ToolFormat

_NAME = re.compile(r"[\w.-]{1,128}")


@dataclass(frozen=True, slots=True)
class Wish:
    """A complete tool call."""

    name: str
    arguments: dict[str, Any]


class CallReader(Protocol):
    """Reads one call after the other."""

    def begins(self, text: str) -> bool:
        """Return whether a call may begin with `text`, which has no white space in front."""

    def end(self, text: str) -> int | None:
        """Return the index behind the call that begins the text (after white space), None if it is not whole.

        `text` is the whole text each time, until a call was whole.
        """

    def read(self, document: str) -> Wish | None:
        """Return what a whole call says, None if it says nothing (only an unbound model writes such)."""


def call_reader(offer: Offer) -> CallReader:
    """Return the reader of the format of an offer."""
    if (marks := offer.form.marks) is not None:
        return _GemmaReader(marks)
    if offer.form is ToolFormat.QWEN_CODER:
        return _CoderReader({tool.name: tool.parameters for tool in offer.tools})
    if offer.form is ToolFormat.GEMMA3:
        return _PythonReader()
    return _JsonReader(offer.form)


class _JsonReader:
    def __init__(self, form: ToolFormat) -> None:
        self._key = form.arguments_key
        self._named = form is ToolFormat.MISTRAL_ARGS
        self._scanner = ObjectScanner()

    def begins(self, text: str) -> bool:
        if self._named:
            return _NAME.match(text) is not None
        return text[0] == "{"

    def end(self, text: str) -> int | None:
        start = 0
        if self._named:
            at = text.find(ARGS)
            if at < 0:
                return None
            start = at + len(ARGS)
        found = self._scanner.feed(text[start:])
        if found is None:
            return None
        self._scanner = ObjectScanner()
        return start + found

    def read(self, document: str) -> Wish | None:
        name: Any = None
        if self._named:
            name, _, document = document.partition(ARGS)
        try:
            value = json.loads(document)
        except (ValueError, RecursionError):
            return None
        if self._named:
            return Wish(name.strip(), value)
        name, arguments = value.get("name"), value.get(self._key, {})
        return Wish(name, arguments) if isinstance(name, str) and isinstance(arguments, dict) else None


class ObjectScanner:
    """Finds the end of a JSON object in a text that grows, without parsing it again each time."""

    def __init__(self) -> None:
        self._at = 0
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self.started = False

    def feed(self, text: str) -> int | None:
        """Return the index behind the object that begins the text (after white space), None if it is not whole.

        `text` is the whole text each time; what was scanned before is not scanned again.
        """
        while self._at < len(text):
            character = text[self._at]
            if not self.started and character != "{":
                if not character.isspace():
                    return None
                self._at += 1
                continue
            self._at += 1
            self.started = True
            if self._take(character):
                return self._at
        return None

    def _take(self, character: str) -> bool:
        """Return whether this character closes the object."""
        if self._in_string:
            if self._escaped:
                self._escaped = False
            elif character == "\\":
                self._escaped = True
            elif character == '"':
                self._in_string = False
            return False
        if character == '"':
            self._in_string = True
        elif character in "{[":
            self._depth += 1
        elif character in "}]":
            self._depth -= 1
            return self._depth == 0
        return False


class _CoderReader:
    """`<function=NAME>`, then `<parameter=KEY>`, a line feed, the value, a line feed, `</parameter>`, …"""

    _START = re.compile(r"\s*<function=([^>\n]{1,128})>\s*")
    _PARAMETER = re.compile(r"\s*<parameter=([^>\n]{1,128})>\n?(.*?)\n?</parameter>\s*", re.S)
    _END = re.compile(r"\s*</function>")

    def __init__(self, schemas: Mapping[str, Mapping[str, Any]]) -> None:
        self._schemas = schemas

    def begins(self, text: str) -> bool:
        return text.startswith("<function=") or "<function=".startswith(text)

    def end(self, text: str) -> int | None:
        if "</function>" not in text:
            return None
        parsed = self._parsed(text)
        return None if parsed is None else parsed[2]

    def read(self, document: str) -> Wish | None:
        parsed = self._parsed(document)
        if parsed is None:
            return None
        name, written, _ = parsed
        properties = self._schemas.get(name, {}).get("properties") or {}
        return Wish(name, {key: _coder_value(text, properties.get(key)) for key, text in written.items()})

    def _parsed(self, text: str) -> tuple[str, dict[str, str], int] | None:
        start = self._START.match(text)
        if start is None:
            return None
        at, written = start.end(), {}
        while (found := self._PARAMETER.match(text, at)) is not None:
            written[found[1]] = found[2]
            at = found.end()
        end = self._END.match(text, at)
        return None if end is None else (start[1], written, end.end())


def _coder_value(text: str, schema: Any) -> Any:
    if is_text(schema):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


class _PythonReader:
    """`name(key=value, …)` on one line, values as literals."""

    def begins(self, text: str) -> bool:
        return _NAME.match(text) is not None

    def end(self, text: str) -> int | None:
        depth, quote, escaped = 0, "", False
        for at, character in enumerate(text):
            if quote:
                escaped, done = (False, False) if escaped else (character == "\\", character == quote)
                quote = "" if done else quote
            elif character in "\"'":
                quote = character
            elif character in "([{":
                depth += 1
            elif character in ")]}":
                depth -= 1
                if depth <= 0:
                    return at + 1
        return None

    def read(self, document: str) -> Wish | None:
        try:
            call = ast.parse(document.strip(), mode="eval").body
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
                return None
            return Wish(call.func.id, {str(one.arg): _literal(one.value) for one in call.keywords})
        except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError):
            return None


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Name):  # an unbound model may write JSON's words
        return {"true": True, "false": False, "null": None}.get(node.id, node.id)
    return ast.literal_eval(node)


class _GemmaReader:
    """`call:NAME{key:value,…}`, strings between quotes of their own, bare keys at every depth."""

    def __init__(self, marks: GemmaMarks) -> None:
        self._quote = marks.quote

    def begins(self, text: str) -> bool:
        return text.startswith("call:") or "call:".startswith(text)

    def end(self, text: str) -> int | None:
        depth, at = 0, 0
        while at < len(text):
            if text.startswith(self._quote, at):
                close = text.find(self._quote, at + len(self._quote))
                if close < 0:
                    return None
                at = close + len(self._quote)
                continue
            depth += (text[at] in "{[") - (text[at] in "}]")
            at += 1
            if depth == 0 and text[at - 1] == "}":
                return at
        return None

    def read(self, document: str) -> Wish | None:
        name, brace, _ = document.strip().removeprefix("call:").partition("{")
        if not brace:
            return None
        try:
            arguments = json.loads(self._as_json(document[document.index("{") :]))
        except (ValueError, RecursionError):
            return None
        return Wish(name.strip(), arguments) if isinstance(arguments, dict) else None

    def _as_json(self, text: str) -> str:
        """Return the same value as JSON: strings with its quotes, keys quoted."""
        pieces = text.split(self._quote)
        bare = re.compile(r"([{,]\s*)([A-Za-z_][\w-]*)\s*:")
        return "".join(
            json.dumps(piece) if place % 2 else bare.sub(lambda found: f'{found[1]}"{found[2]}":', piece)
            for place, piece in enumerate(pieces)
        )
