"""A table of a TOML file, read value by value: what fits is taken, what does not is named, nothing is ignored."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable
from typing import Any, Final, TypeVar

from appliance.firstboot.reading.checks import Wrong
from appliance.firstboot.values import Mistake

T = TypeVar("T")
MAX_BYTES: Final = 64 * 1024
"""A full file has two kilobytes. What is larger is something else, and is not read."""

_MAX_SHOWN: Final = 64
_MAX_MISTAKES: Final = 32
_BLANK: Final = b" \t\r\n\0"


class Unreadable(Exception):
    """The file says nothing as it is."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.sentence())
        self.mistake = mistake


class Table:
    """One table. `take` reads a key, `below` a table inside, `close` names what nobody asked for."""

    def __init__(
        self, file: str, data: dict[str, Any], mistakes: list[Mistake], prefix: str = "", *, name: str = ""
    ) -> None:
        self.name = name
        self._file = file
        self._data = data
        self._mistakes = mistakes
        self._prefix = prefix
        self._known: list[str] = []
        self._below: list[Table] = []

    def take(self, key: str, check: Callable[[object], T], *, secret: bool = False, empty: bool = False) -> T | None:
        """Return the checked value; None where it is not there or does not fit. With `empty`, "" is not there."""
        self._known.append(key)
        value = self._data.get(key)
        if value is None or (empty and value == ""):
            return None
        try:
            return check(value)
        except Wrong as wrong:
            self.wrong(key, wrong.problem, wrong.fix, "" if secret else _shown(value))
            return None

    def said(self, key: str) -> bool:
        """Tell whether the file has something under a key."""
        return self._data.get(key) not in (None, "")

    def wants_something(self) -> bool:
        """Tell whether any value here asks for something."""
        return any(value not in (False, "", None) for value in self._data.values())

    def ignore_all(self) -> None:
        """Let every key of this table pass."""
        self._known += self._data

    def below(self, key: str) -> Table:
        """Return a table inside this one, empty where it is not there."""
        for table in self._below:
            if table.name == key:
                return table
        self._known.append(key)
        value = self._data.get(key, {})
        if not isinstance(value, dict):
            self.wrong(key, "is no section.", f"Write [{self._prefix}{key}] on a line of its own, its values below it.")
            value = {}
        table = Table(self._file, value, self._mistakes, f"{self._prefix}{key}.", name=key)
        self._below.append(table)
        return table

    def ignore(self, *keys: str) -> None:
        """Let keys pass that mean nothing here and do no harm."""
        self._known += keys

    def wrong(self, key: str, problem: str, fix: str, value: str = "") -> None:
        """Name a mistake; after too many the rest is left out."""
        if len(self._mistakes) < _MAX_MISTAKES:
            self._mistakes.append(Mistake(self._file, f"{self._prefix}{key}", problem, fix, value))

    def close(self) -> None:
        """Name every key that nobody read, here and below. Its value may be a secret under a wrong name."""
        for key in self._data:
            if key not in self._known:
                near = difflib.get_close_matches(key, self._known, 1, 0.6)
                fix = f"Did you mean {self._prefix}{near[0]}?" if near else "Take it out, or look at its spelling."
                self.wrong(_shown(key), "is no setting.", fix)
        for table in self._below:
            table.close()


def open_table(file: str, content: bytes, mistakes: list[Mistake]) -> Table | None:
    """Return the top of a file, None for one that is blank. `content` has at most one byte too many.

    Raises Unreadable.
    """
    if len(content) > MAX_BYTES:
        problem = f"is larger than {MAX_BYTES // 1024} KiB, so it was not read."
        raise Unreadable(Mistake(file, "", problem, "Write only settings into it."))
    if not content.strip(_BLANK):
        return None
    try:
        return Table(file, tomllib.loads(_decoded(content)), mistakes)
    except UnicodeDecodeError as error:
        raise Unreadable(Mistake(file, "", "is no UTF-8 text.", "Save it as UTF-8 (plain text).")) from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, and a number of thousands of digits
        # The text of the parser may quote what it found, but only ever one sign.
        fix = 'Texts stand between straight quotation marks: name = "value".'
        raise Unreadable(Mistake(file, "", f"cannot be read: {error}.", fix)) from error


def _decoded(content: bytes) -> str:
    """Editors of Windows write UTF-16, or a mark in front of UTF-8."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16").replace("\r\n", "\n")
    return content.decode("utf-8-sig").replace("\r\n", "\n")


def _shown(value: object) -> str:
    """Return what was written, short and printable."""
    try:
        text = str(value)
    except ValueError:
        text = "?"  # a number of thousands of hexadecimal digits (sys.set_int_max_str_digits)
    clean = "".join(one if one.isprintable() else "?" for one in text[:_MAX_SHOWN])
    return f"{clean}…" if len(text) > _MAX_SHOWN else clean
