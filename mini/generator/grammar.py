"""The little language of mini/phrases: choices, optional parts, references and marked spans.

`(a|b|)` chooses, `[x]` is `(x|)`, `$name` is a definition, `{key:kind}` a filler whose words the model must copy
under `key`, `{-:kind}` a filler without a mark. A line may start with `*N ` (weight) and `!` (an imperative).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

OPEN, MID, CLOSE = "\x02", "\x03", "\x04"  # a marked span: OPEN key MID words CLOSE

Filler = Callable[[random.Random], str]
Node = str | tuple[str, object]

_REFERENCE = re.compile(r"\$([a-z_][a-z0-9_]*)")
_SLOT = re.compile(r"\{([a-z_-]+):([a-z0-9_]+)\}")


@dataclass(frozen=True, slots=True)
class Line:
    """One template: how often, whether it is a command, and its parsed form."""

    weight: int
    imperative: bool
    node: Node


class Phrases:
    """The definitions and lines of one file on top of the shared definitions."""

    def __init__(self, text: str, fillers: Mapping[str, Filler], shared: Mapping[str, Node]) -> None:
        self.definitions: dict[str, Node] = dict(shared)
        self.lines: list[Line] = []
        self._fillers = fillers
        for raw in text.splitlines():
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            defined = re.match(r"\$([a-z_][a-z0-9_]*) = (.*)", line)
            if defined:
                self.definitions[defined[1]] = parse(defined[2])
                continue
            weight, rest = 1, line
            starred = re.match(r"\*(\d+)(?: (.*))?$", line)
            if starred:
                weight, rest = int(starred[1]), starred[2] or ""
            imperative = rest.startswith("!")
            self.lines.append(Line(weight, imperative, parse(rest[1:] if imperative else rest)))
        self._weights = [line.weight for line in self.lines]

    @classmethod
    def read(cls, path: Path, fillers: Mapping[str, Filler], shared: Mapping[str, Node]) -> Phrases:
        return cls(path.read_text(encoding="utf-8"), fillers, shared)

    def missing(self) -> set[str]:
        """Return the names that lines use and nobody defined."""
        found: set[str] = set()
        waiting: list[Node] = [line.node for line in self.lines]
        known: set[str] = set()
        while waiting:
            node = waiting.pop()
            if isinstance(node, str):
                continue
            kind, value = node
            if kind in ("seq", "alt"):
                waiting += value  # type: ignore[operator]  # a list by construction
                continue
            name = str(value) if kind == "ref" else str(value[1])  # type: ignore[index]  # a pair by construction
            if name in known or (kind != "ref" and name in self._fillers):
                continue
            known.add(name)
            if name in self.definitions:
                waiting.append(self.definitions[name])
            else:
                found.add(name)
        return found

    def choose(self, rng: random.Random) -> tuple[Line, str]:
        """Return a random line and one expansion of it, spans marked."""
        line = rng.choices(self.lines, self._weights)[0]
        return line, self.expand(line.node, rng)

    def expand(self, node: Node, rng: random.Random) -> str:
        if isinstance(node, str):
            return node
        kind, value = node
        if kind == "seq":
            return "".join(self.expand(part, rng) for part in value)  # type: ignore[attr-defined]  # a list by construction
        if kind == "alt":
            return self.expand(rng.choice(value), rng)  # type: ignore[arg-type]  # a list by construction
        if kind == "ref":
            return self.expand(self.definitions[str(value)], rng)
        key, name = value  # type: ignore[misc]  # a pair by construction
        filler = self._fillers.get(name)
        words = filler(rng) if filler else self.expand(self.definitions[name], rng)
        return words if key == "-" or OPEN in words else f"{OPEN}{key}{MID}{words}{CLOSE}"


def parse(text: str) -> Node:
    """Parse one template or the right side of a definition."""
    node, end = _alternatives(text, 0, "")
    if end != len(text):
        raise ValueError(f"unbalanced bracket at {end} in {text!r}")
    return node


def _alternatives(text: str, at: int, closing: str) -> tuple[Node, int]:
    options: list[Node] = []
    parts: list[Node] = []
    literal = ""
    while at < len(text) and text[at] != closing:
        char = text[at]
        if char in "([":
            inner, at = _alternatives(text, at + 1, ")" if char == "(" else "]")
            if at >= len(text):
                raise ValueError(f"bracket never closed in {text!r}")
            parts += [literal, inner if char == "(" else ("alt", [inner, ""])]
            literal, at = "", at + 1
        elif char == "|":
            options.append(("seq", [*parts, literal]))
            parts, literal, at = [], "", at + 1
        elif found := _REFERENCE.match(text, at):
            parts += [literal, ("ref", found[1])]
            literal, at = "", found.end()
        elif slot := _SLOT.match(text, at):
            parts += [literal, ("slot", (slot[1], slot[2]))]
            literal, at = "", slot.end()
        else:
            literal, at = literal + char, at + 1
    options.append(("seq", [*parts, literal]))
    return (options[0] if len(options) == 1 else ("alt", options)), at
