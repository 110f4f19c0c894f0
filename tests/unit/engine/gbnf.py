"""A small reader and matcher of GBNF for tests: as much of the notation as our grammars use, and slow."""

from __future__ import annotations

import functools
import re
import sys
from typing import Any

_TOKEN = re.compile(r'\s*("(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|[A-Za-z0-9-]+|\{\d+(?:,\d*)?\}|[()|?*+])', re.S)


def accepts(grammar: str, text: str) -> bool:
    """Return whether the rule `root` matches all of `text`."""
    rules = {}
    for line in filter(None, grammar.split("\n")):
        name, body = line.split(" ::= ", 1)
        rules[name] = _Parser(body).alternatives()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        return len(text) in _Matcher(rules, text).ends("root", 0)
    finally:
        sys.setrecursionlimit(limit)


class _Parser:
    def __init__(self, body: str) -> None:
        self._tokens, at = [], 0
        while at < len(body.rstrip()):
            match = _TOKEN.match(body, at)
            assert match is not None, f"not GBNF: {body[at:]!r}"
            self._tokens.append(match[1])
            at = match.end()

    def alternatives(self) -> Any:
        options = [self._sequence()]
        while self._tokens and self._tokens[0] == "|":
            del self._tokens[0]
            options.append(self._sequence())
        return ("or", tuple(options))

    def _sequence(self) -> Any:
        items: list[Any] = []
        while self._tokens and self._tokens[0] not in ("|", ")"):
            items.append(self._repeated(self._item()))
        return ("and", tuple(items))

    def _item(self) -> Any:
        token = self._tokens.pop(0)
        if token == "(":
            inner = self.alternatives()
            assert self._tokens.pop(0) == ")"
            return inner
        if token[0] == '"':
            return ("text", _unescaped(token[1:-1]))
        if token[0] == "[":
            return ("class", re.compile(token.replace("[^\\x00]", "[^\x00]"), re.S))
        return ("rule", token)

    def _repeated(self, item: Any) -> Any:
        while self._tokens and self._tokens[0][0] in "?*+{":
            mark = self._tokens.pop(0)
            if mark[0] == "{":
                low, _, high = mark[1:-1].partition(",")
                bounds = (int(low), int(high) if high else (int(low) if "," not in mark else None))
            else:
                bounds = {"?": (0, 1), "*": (0, None), "+": (1, None)}[mark]
            item = ("repeat", item, *bounds)
        return item


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = match[1]
        return chr(int(code[1:], 16)) if code[0] == "x" else {"n": "\n", "t": "\t", "r": "\r"}.get(code, code)

    return re.sub(r"\\(x[0-9A-F]{2}|.)", character, text)


class _Matcher:
    def __init__(self, rules: dict[str, Any], text: str) -> None:
        self._rules, self._text = rules, text
        self.ends = functools.cache(self._rule)

    def _rule(self, name: str, at: int) -> frozenset[int]:
        return self._node(self._rules[name], at)

    def _node(self, node: Any, at: int) -> frozenset[int]:
        kind = node[0]
        if kind == "text":
            return frozenset({at + len(node[1])}) if self._text.startswith(node[1], at) else frozenset()
        if kind == "class":
            fits = at < len(self._text) and node[1].fullmatch(self._text[at])
            return frozenset({at + 1}) if fits else frozenset()
        if kind == "rule":
            return self.ends(node[1], at)
        if kind == "or":
            return frozenset().union(*(self._node(option, at) for option in node[1]))
        if kind == "and":
            places = frozenset({at})
            for item in node[1]:
                places = frozenset().union(*(self._node(item, place) for place in places))
            return places
        return self._repeat(node, at)

    def _repeat(self, node: Any, at: int) -> frozenset[int]:
        _, item, low, high = node
        places, found, count = frozenset({at}), set(), 0
        while places and (high is None or count <= high):
            if count >= low:
                if places <= found:
                    break
                found |= places
            places = frozenset().union(*(self._node(item, place) for place in places))
            count += 1
        return frozenset(found)
