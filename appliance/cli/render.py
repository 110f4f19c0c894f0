"""Plain text for people: tables, ages, sizes. No colour: it reads the same in a log and on a slow console."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return aligned columns under their head; one line per row."""
    cells = [list(head), *([("" if cell is None else str(cell)) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


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
