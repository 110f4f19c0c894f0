"""What a tool call says, for each way to write one; where it ends is found by `scanning`."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from appliance.engine.chat.calls import is_text
from appliance.engine.chat.formats import ARGS, GemmaMarks, Offer, ToolFormat
from appliance.engine.chat.scanning import CallScanner, CoderScanner, GemmaScanner, ObjectScanner, PythonScanner

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


class _Ends:
    """The end of one call after the other, each found by a scanner of its own."""

    def __init__(self, scanner: Callable[[], CallScanner]) -> None:
        self._new = scanner
        self._scanner = scanner()

    def end(self, text: str) -> int | None:
        found = self._scanner.feed(text)
        if found is not None:
            self._scanner = self._new()
        return found


class _JsonReader(_Ends):
    def __init__(self, form: ToolFormat) -> None:
        self._key = form.arguments_key
        self._named = form is ToolFormat.MISTRAL_ARGS
        super().__init__(ObjectScanner)

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
        found = super().end(text[start:])
        return None if found is None else start + found

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


class _CoderReader(_Ends):
    """`<function=NAME>`, then `<parameter=KEY>`, a line feed, the value, a line feed, `</parameter>`, …"""

    _START = re.compile(r"\s*<function=([^>\n]{1,128})>\s*")
    _PARAMETER = re.compile(r"\s*<parameter=([^>\n]{1,128})>\n?(.*?)\n?</parameter>\s*", re.S)
    _END = re.compile(r"\s*</function>")

    def __init__(self, schemas: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(CoderScanner)
        self._schemas = schemas

    def begins(self, text: str) -> bool:
        return text.startswith("<function=") or "<function=".startswith(text)

    def read(self, document: str) -> Wish | None:
        parsed = self._parsed(document)
        if parsed is None:
            return None
        name, written = parsed
        properties = self._schemas.get(name, {}).get("properties") or {}
        return Wish(name, {key: _coder_value(text, properties.get(key)) for key, text in written.items()})

    def _parsed(self, text: str) -> tuple[str, dict[str, str]] | None:
        start = self._START.match(text)
        if start is None:
            return None
        at, written = start.end(), {}
        while (found := self._PARAMETER.match(text, at)) is not None:
            written[found[1]] = found[2]
            at = found.end()
        return None if self._END.match(text, at) is None else (start[1], written)


def _coder_value(text: str, schema: Any) -> Any:
    if is_text(schema):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


class _PythonReader(_Ends):
    """`name(key=value, …)` on one line, values as literals."""

    def __init__(self) -> None:
        super().__init__(PythonScanner)

    def begins(self, text: str) -> bool:
        return _NAME.match(text) is not None

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


class _GemmaReader(_Ends):
    """`call:NAME{key:value,…}`, strings between quotes of their own, bare keys at every depth."""

    def __init__(self, marks: GemmaMarks) -> None:
        super().__init__(lambda: GemmaScanner(marks.quote))
        self._quote = marks.quote

    def begins(self, text: str) -> bool:
        return text.startswith("call:") or "call:".startswith(text)

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
