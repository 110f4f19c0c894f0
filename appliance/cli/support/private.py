"""What of a copy of the database must appear nowhere: names that people gave, and what was said and written down."""

from __future__ import annotations

import base64
import json
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from appliance.health.look import begin_of
from appliance.storage.copies import files

_OURS: Final = re.compile(r"sqlite_.*|migrations|journal_mark|.*_fts.*")
# Tables in which a name is one of a person, a device or a list, not of a tool or a kind.
_NAMED: Final = re.compile(r"(identity|mesh|channel)_.*|sessions|lists|list_items|notes|agenda|senders.*")
_NAME: Final = re.compile(r"(?i).*(name|label|title|sender_?id|account_?id|login|email|item|remote_?ip)|text|key_hint")
_ROWS: Final = 3000  # of each table, the newest: a log tells of the last days
_SHORTEST_NAME: Final = 3
_SHORTEST_TEXT: Final = 8
_MAX_DEPTH: Final = 8
_WORD: Final = re.compile(r"[A-Za-z0-9_+/=-]{16,}")
_MAX_KEY_BYTES: Final = 64 * 1024
_BINARY_BYTES: Final = 64
_SHORTEST_FILE: Final = 5
_MAX_FILES: Final = 5000
_USUAL: Final = frozenset({"AGENTS.md", "MEMORY.md", "SOUL.md", "TOOLS.md", "USER.md", "README.md", "memory", "skills"})
_SENTENCE: Final = 4  # words
_OWNER: Final = re.compile(r"(?i)(owner|name|display_?name|nickname|allow_?from|login|email)")


@dataclass(slots=True)
class Private:
    """`names` are masked as they stand, of `texts` also every part of a few words."""

    names: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)


def read(copy: Path) -> Private:
    """Read it from a copy that nobody else uses. Raises sqlite3.Error."""
    found = Private()
    with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in tables:
            if not _OURS.fullmatch(table):
                for column, value in _cells(connection, table):
                    _learn(found, column, value, named=_NAMED.fullmatch(table) is not None)
    return found


def _cells(connection: sqlite3.Connection, table: str) -> Iterator[tuple[str, Any]]:
    quoted = '"' + table.replace('"', '""') + '"'
    try:
        rows = connection.execute(f"SELECT * FROM {quoted} ORDER BY rowid DESC LIMIT {_ROWS}")
    except sqlite3.OperationalError:  # a table without rowid
        rows = connection.execute(f"SELECT * FROM {quoted} LIMIT {_ROWS}")
    columns = [one[0] for one in rows.description]
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            if isinstance(value, str):
                yield from _leaves(column, _parsed(value), 0)
        yield from _peer(dict(zip(columns, row, strict=True)).get("key"))


def _peer(key: object) -> Iterator[tuple[str, Any]]:
    """The key of a session with one person ends with who that is."""
    parts = key.split(":") if isinstance(key, str) else []
    if len(parts) > 3:
        yield "name", parts[-1]


def _parsed(text: str) -> Any:
    if text[:1] not in "{[":
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _leaves(name: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(str(key), one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(name, one, depth + 1)
    elif isinstance(value, str):
        yield name, value


def _learn(found: Private, name: str, value: str, *, named: bool) -> None:
    if " " in value.strip() and len(value) >= _SHORTEST_TEXT:
        found.texts.append(value)
    elif named and _NAME.fullmatch(name) and len(value.strip()) >= _SHORTEST_NAME:
        found.names.add(value.strip())


def file_names(folder: Path) -> set[str]:
    """Return the names of the files and folders that an assistant works in."""
    found: set[str] = set()
    for _, folders, names in os.walk(folder):
        found.update(name for name in (*folders, *names) if len(name) >= _SHORTEST_FILE and name not in _USUAL)
        if len(found) > _MAX_FILES:
            break
    return found


def key_words(state: Path) -> Iterator[str]:
    """Yield what stands in the files of keys and tokens, in each form in which it could be written down."""
    for pattern in files.NAMES:
        for path in state.glob(pattern):
            if path.suffix == ".json5" or not path.is_file():
                continue  # the settings are masked by what they mean
            try:
                content = begin_of(path, _MAX_KEY_BYTES, follow=True)
            except OSError:
                continue  # what this user cannot read it cannot write anywhere either
            text = content.decode("utf-8", "ignore")
            yield from _WORD.findall(text)
            if len(content) <= _BINARY_BYTES:
                yield from (
                    content.hex(),
                    base64.b64encode(content).decode(),
                    base64.urlsafe_b64encode(content).decode(),
                )


def of_settings(parsed: object) -> Private:
    """Read names and sentences from a configuration: who the owner is, what an assistant is told to be."""
    found = Private()
    for name, value in _leaves("", parsed, 0):
        if len(value.split()) >= _SENTENCE:
            found.texts.append(value)
        elif _OWNER.fullmatch(name) and len(value.strip()) >= _SHORTEST_NAME:
            found.names.add(value.strip())
    return found
