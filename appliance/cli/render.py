"""Plain text for people: tables, ages, sizes. No colour: it reads the same in a log and on a slow console."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from appliance.foundation.visible import harmless

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n){2,}")
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return aligned columns under their head; one line per row."""
    cells = [list(head), *([("" if cell is None else one_line(str(cell))) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def one_line(text: str) -> str:
    """Return text on one line that commands no terminal: titles, names and snippets come from anywhere."""
    return harmless(text).replace("\n", " ").replace("\t", " ")


def age(milliseconds: int) -> str:
    """Return a length of time in its largest unit: `3 min`."""
    for size, unit in _UNITS:
        if milliseconds >= size:
            return f"{milliseconds // size} {unit}"
    return "now"


def size(count: float) -> str:
    """Return bytes in a unit that people read: `4.9 GB` (powers of 1000, as on the label of a disk)."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")


def conditions(rows: Iterable[dict[str, str]]) -> str:
    """Return what is wrong and what to do, one condition a block; empty when nothing is."""
    return "\n".join(
        f"{row['severity']}: {row['summary']}" + (f"\n    {row['fix']}" if row.get("fix") else "") for row in rows
    )


def answer_line(facts: Mapping[str, Any] | None) -> str:
    """Return who gave an answer and what it took, `local/qwen · 0.4 s · 930 tokens, 900 cached · free`; "" unknown."""
    if not facts or not facts.get("model"):
        return ""
    where = f" on {facts['box']}" if facts.get("box") else ""
    parts = [f"{facts['model']}{where}", first_word(facts), tokens(facts), money(facts)]
    return " · ".join(part for part in parts if part)


def first_word(facts: Mapping[str, Any]) -> str:
    """Return the seconds to the first word of an answer; empty when nobody knows."""
    taken = facts.get("firstTokenMs")
    return f"{taken / 1000:.2g} s" if isinstance(taken, int | float) and taken < 10_000 else _whole_seconds(taken)


def _whole_seconds(taken: Any) -> str:
    return f"{taken / 1000:.0f} s" if isinstance(taken, int | float) else ""


def tokens(facts: Mapping[str, Any]) -> str:
    """Return how many tokens were read and how many of them came from a cache; empty when nobody knows."""
    counts = facts.get("tokens") or {}
    cached, computed = counts.get("cached"), counts.get("computed")
    if computed is None:
        return ""
    return f"{(cached or 0) + computed} tokens" + (f", {cached} cached" if cached else "")


def money(facts: Mapping[str, Any]) -> str:
    """Return what an answer cost: `free`, `$0.0123`; empty when nobody knows."""
    cost = facts.get("costUsd")
    if not isinstance(cost, int | float):
        return ""
    return "free" if cost == 0 else f"${cost:.4f}"


def fold(text: str, columns: int) -> list[str]:
    """Break text into lines of at most `columns` cells, between words where that is possible; at least one line."""
    lines: list[str] = []
    for line in text.split("\n"):
        while (cut := _fits(line, max(2, columns))) < len(line):
            space = line.rfind(" ", 1, cut + 1)
            end = space if space > 0 else max(1, cut)
            lines.append(line[:end].rstrip())
            line = line[end:].removeprefix(" ")
        lines.append(line)
    return lines


def _fits(line: str, columns: int) -> int:
    """Return how many characters of `line` fit in `columns` cells."""
    used = 0
    for place, character in enumerate(line):
        used += _cells(character)
        if used > columns:
            return place
    return len(line)


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


class Squeezed:
    """Text that comes in pieces, with at most one blank line in a row and none at its ends.

    A model that loses its way writes line feeds for pages. Space is held back until something visible follows it.
    """

    def __init__(self) -> None:
        self._held = ""
        self._begun = False

    def more(self, piece: str) -> str:
        """Return what can be shown now that `piece` has come."""
        text = _BLANK_LINES.sub("\n\n", self._held + piece)
        visible = text.rstrip()
        self._held = text[len(visible) :]
        if visible and not self._begun:
            self._begun = True
            visible = re.sub(r"^(?:[^\S\n]*\n)+", "", visible)
        return visible
