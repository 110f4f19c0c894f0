"""Text that strangers chose, made harmless for those who read it: on a page, in a terminal, in the log."""

from __future__ import annotations

import re
from typing import Final

MAX_NAME_CHARS: Final = 64

# Escape sequences of terminals begin with one of the first two groups (ECMA-48), a carriage return hides what stands
# before it, and the rest turns the direction of the text around it (Unicode TR 9): "exe.txt" could read "txt.exe".
_BLANKS: Final = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")
"""Letters and marks that nobody sees, though Unicode calls them printable."""

_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def visible_name(text: str, max_chars: int = MAX_NAME_CHARS) -> str:
    """Return a name on one line: no controls, nothing of no width, nothing that turns the text; empty if none is left.

    Two names that look alike must be alike (a zero-width space made two of one), and neither may move what stands
    beside it.
    """
    shown = (one for one in text[: 4 * max_chars] if one not in _BLANKS)
    kept = "".join(one if one.isprintable() else " " if one.isspace() else "" for one in shown)
    return " ".join(kept.split())[:max_chars].rstrip()


def harmless(text: str) -> str:
    """Return text of any length with its line breaks and tabs, and without characters that command a terminal."""
    return _CONTROLS.sub("", text)
