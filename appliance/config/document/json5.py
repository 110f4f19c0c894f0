"""JSON5 text to values with positions, so that the same reading serves the loader and the editor that keeps comments.

Grammar: https://spec.json5.org. Left out on purpose: Infinity and NaN, which no option can hold. Stricter: a key that
occurs twice in one object is an error, because the loser would be ignored in silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

import msgspec

from appliance.config.errors import ConfigSyntaxError

MAX_CHARACTERS = 1_048_576
MAX_DEPTH = 64

_SPACE = re.compile(r"(?:[\s\ufeff]+|//[^\n\r\u2028\u2029]*|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w$\u200c\u200d]*|\$[\w$\u200c\u200d]*")
_NUMBER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|(?:0|[1-9]\d*)(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)")
_PLAIN = {'"': re.compile(r'[^"\\\n\r]*'), "'": re.compile(r"[^'\\\n\r]*")}
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}
_MAX_DIGITS = 400  # longer numbers are a mistake, and int() of a megabyte of digits is an attack


@dataclass(slots=True)
class Node:
    """One value with its place in the text: `text[start:end]` is its source."""

    start: int
    end: int
    value: Any
    members: dict[str, Member] | None = None
    items: list[Node] | None = None


@dataclass(slots=True)
class Member:
    """One key of an object; `start` is where the key begins."""

    start: int
    node: Node


def parse(text: str) -> Any:
    """Return the plain value of JSON5 `text`. Raises ConfigSyntaxError that names line and column."""
    return parse_tree(text).value


def parse_tree(text: str) -> Node:
    """Return the value of `text` with the positions of all its parts. Raises ConfigSyntaxError."""
    return _Parser(text).document()


def skip_space(text: str, position: int) -> int:
    """Return the position after white space and comments."""
    match = _SPACE.match(text, position)
    return match.end() if match else position


def is_name(key: str) -> bool:
    """Tell whether a key needs no quotes."""
    match = _NAME.fullmatch(key)
    return match is not None


def render_line(value: Any) -> str:
    """Write a plain value as JSON5 on one line."""
    if isinstance(value, dict):
        rows = [f"{render_key(key)}: {render_line(one)}" for key, one in value.items()]
        return f"{{ {', '.join(rows)} }}" if rows else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(render_line(one) for one in value)}]"
    return msgspec.json.encode(value).decode()


def render(value: Any, indent: str = "") -> str:
    """Write a plain value as JSON5, two spaces a level; `indent` is that of the line it stands in."""
    inner = indent + "  "
    if isinstance(value, dict):
        if not value:
            return "{}"
        rows = [f"{inner}{render_key(key)}: {render(one, inner)}" for key, one in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(value, list | tuple):
        if not any(isinstance(one, dict | list) for one in value):
            return "[" + ", ".join(render(one, inner) for one in value) + "]"
        return "[\n" + ",\n".join(inner + render(one, inner) for one in value) + f"\n{indent}]"
    return msgspec.json.encode(value).decode()


def render_key(key: str) -> str:
    """Write a key, quoted where it must be."""
    return key if is_name(key) else msgspec.json.encode(key).decode()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def document(self) -> Node:
        if len(self._text) > MAX_CHARACTERS:
            self._fail(f"the file is longer than {MAX_CHARACTERS} characters")
        self._skip()
        node = self._value()
        self._skip()
        if self._at != len(self._text):
            self._fail("there is more after the end of the outermost value")
        return node

    def _fail(self, message: str, at: int | None = None) -> NoReturn:
        place = self._at if at is None else at
        before = self._text[:place]
        line = before.count("\n") + 1
        raise ConfigSyntaxError(message, line, place - (before.rfind("\n") + 1) + 1)

    def _skip(self) -> None:
        self._at = skip_space(self._text, self._at)
        if self._text.startswith("/*", self._at):
            self._fail("this comment has no end")

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _value(self) -> Node:
        start, first = self._at, self._peek()
        if first == "{":
            return self._nested(self._object)
        if first == "[":
            return self._nested(self._array)
        if first in ('"', "'"):
            value: Any = self._string()
        elif match := _NUMBER.match(self._text, self._at):
            value = self._number(match.group())
        else:
            value = self._word()
        return Node(start, self._at, value)

    def _nested(self, read: Any) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(f"nested deeper than {MAX_DEPTH} levels")
        node: Node = read()
        self._depth -= 1
        return node

    def _object(self) -> Node:
        node = Node(self._at, 0, {}, members={})
        members = node.members if node.members is not None else {}
        self._at += 1
        self._skip()
        while self._peek() != "}":
            start = self._at
            key = self._string() if self._peek() in ('"', "'") else self._key()
            if key in members:
                self._fail(f"the key {key} occurs twice in one object", start)
            self._skip()
            self._expect(":")
            value = self._value()
            members[key] = Member(start, value)
            node.value[key] = value.value
            self._separator("}")
        self._at += 1
        node.end = self._at
        return node

    def _array(self) -> Node:
        node = Node(self._at, 0, [], items=[])
        items = node.items if node.items is not None else []
        self._at += 1
        self._skip()
        while self._peek() != "]":
            value = self._value()
            items.append(value)
            node.value.append(value.value)
            self._separator("]")
        self._at += 1
        node.end = self._at
        return node

    def _expect(self, mark: str) -> None:
        if self._peek() != mark:
            self._fail(f"expected {mark!r}")
        self._at += 1
        self._skip()

    def _separator(self, close: str) -> None:
        self._skip()
        if self._peek() != close:
            if self._peek() != ",":
                self._fail(f"expected ',' or {close!r}")
            self._at += 1
            self._skip()

    def _key(self) -> str:
        match = _NAME.match(self._text, self._at)
        if match is None:
            self._fail("expected a key" if self._at < len(self._text) else "the file ends inside an object")
        self._at = match.end()
        return match.group()

    def _word(self) -> Any:
        match = _NAME.match(self._text, self._at)
        if match is None or match.group() not in _WORDS:
            if self._at >= len(self._text):
                self._fail("the file ends where a value should be")
            self._fail("expected a value; text needs quotes" if match else "expected a value")
        self._at = match.end()
        return _WORDS[match.group()]

    def _number(self, token: str) -> int | float:
        end = self._at + len(token)
        if len(token) > _MAX_DIGITS:
            self._fail("this number is too long")
        if self._text[end : end + 1].isalnum():
            self._fail("this number is not written in a way JSON5 knows")
        sign = -1 if token.startswith("-") else 1
        digits = token.lstrip("+-")
        value = sign * (int(digits, 16) if digits[:2] in ("0x", "0X") else _decimal(digits))
        if value in (float("inf"), float("-inf")):
            self._fail("this number is too large")
        self._at = end
        return value

    def _string(self) -> str:
        quote, start = self._peek(), self._at
        plain, pieces = _PLAIN[quote], list[str]()
        self._at += 1
        while True:
            match = plain.match(self._text, self._at)
            if match:
                pieces.append(match.group())
                self._at = match.end()
            mark = self._peek()
            if mark == quote:
                break
            if mark != "\\":
                self._fail("this text has no closing quote", start)
            pieces.append(self._escape())
        self._at += 1
        text = "".join(pieces)
        try:  # escaped characters beyond the basic plane come as two halves
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            self._fail("this text holds half of a surrogate pair", start)

    def _escape(self) -> str:
        mark = self._text[self._at + 1 : self._at + 2]
        self._at += 2
        if mark in ("x", "u"):
            length = 2 if mark == "x" else 4
            digits = self._text[self._at : self._at + length]
            if not re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", digits):
                self._fail(f"\\{mark} needs {length} hexadecimal digits", self._at - 2)
            self._at += length
            return chr(int(digits, 16))
        if mark == "\r" and self._peek() == "\n":
            self._at += 1
        if mark in ("\n", "\r", "\u2028", "\u2029"):
            return ""  # a line that goes on
        if mark.isdigit() and (mark != "0" or self._peek().isdigit()):
            self._fail("octal escapes are not part of JSON5", self._at - 2)
        return _ESCAPES.get(mark, mark)


def _decimal(digits: str) -> int | float:
    return int(digits) if digits.isdigit() else float(digits)
