"""QR codes in a terminal: two modules a character, black on white whatever the colours of the terminal are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

Modules: TypeAlias = Sequence[Sequence[bool]]

_BORDER: Final = 2
"""Light modules around the code. Four are in the norm; every phone reads two, and the code fits a small window."""

_BLACK_ON_WHITE: Final = "\x1b[38;5;16;48;5;231m"
"""Colours of the fixed part of the palette of 256: themes change black and white (0 and 15), but not these."""

_RESET: Final = "\x1b[0m"
_BLOCKS: Final = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def matrix(text: str) -> list[list[bool]]:
    """Return the modules of the smallest QR code for `text`, True is dark, with a light border."""
    import segno

    code = segno.make(text, error="l", boost_error=False, micro=False)
    return [[bool(module) for module in row] for row in code.matrix_iter(border=_BORDER)]


def drawn(text: str) -> str:
    """Return the code of `text` as lines of half blocks; `size` says how many columns they need."""
    return blocks(matrix(text))


def blocks(modules: Modules) -> str:
    """Return a code that was made already as lines of half blocks."""
    light = [False] * len(modules[0])
    lines = []
    for top in range(0, len(modules), 2):
        below = modules[top + 1] if top + 1 < len(modules) else light
        row = "".join(_BLOCKS[pair] for pair in zip(modules[top], below, strict=True))
        lines.append(f"{_BLACK_ON_WHITE}{row}{_RESET}")
    return "\n".join(lines)


def size(text: str) -> tuple[int, int]:
    """Return the columns and lines that the code of `text` needs."""
    return extent(matrix(text))


def extent(modules: Modules) -> tuple[int, int]:
    """Return the columns and lines that a code needs."""
    return len(modules[0]), (len(modules) + 1) // 2
