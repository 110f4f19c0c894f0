"""The examples of this box in its database: bounded, deleted with their session, forgotten on request."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.storage.database import Database
from appliance.understanding.features import folded, tokens
from appliance.understanding.text import MAX_CHARS, clean

MAX_ROWS = 2000  # the oldest give way
MAX_PER_TOOL_AND_DAY = 20  # who floods a tool with examples does not get further than this
_DAY_MS = 86_400_000
_COLUMNS = "id, session_key, lang, text, tool, arguments, created_ms"


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence with the call that was right for it."""

    text: str
    lang: str
    tool: str
    arguments: Mapping[str, Any]
    session_key: str
    created_ms: int
    id: int = 0


class Examples:
    """The table of examples."""

    def __init__(self, database: Database, max_rows: int = MAX_ROWS) -> None:
        self._database = database
        self._max_rows = max_rows

    async def add(self, example: Example) -> int | None:
        """Keep an example; return its id, None when its tool has had enough for a day or the text is too long.

        The same sentence again replaces what was kept of it.
        """
        return await self._database.write(lambda connection: _add(connection, example, self._max_rows))

    async def all(self) -> Sequence[Example]:
        """Return every example, the oldest first."""

        def work(connection: sqlite3.Connection) -> Sequence[Example]:
            return [_example(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM learned_examples ORDER BY id")]

        return await self._database.read(work)

    async def counts(self) -> Mapping[str, int]:
        """Return how many examples each tool has."""

        def work(connection: sqlite3.Connection) -> Mapping[str, int]:
            return dict(connection.execute("SELECT tool, count(*) FROM learned_examples GROUP BY tool ORDER BY tool"))

        return await self._database.read(work)

    async def forget(self, wanted: Callable[[Example], bool]) -> Mapping[str, int]:
        """Delete the examples that are wanted gone; return how many of each tool went."""

        def work(connection: sqlite3.Connection) -> Mapping[str, int]:
            found = [_example(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM learned_examples")]
            gone = [one for one in found if wanted(one)]
            connection.executemany("DELETE FROM learned_examples WHERE id = ?", [(one.id,) for one in gone])
            return dict(sorted(Counter(one.tool for one in gone).items()))

        return await self._database.write(work)


def says(words: str) -> Callable[[Example], bool]:
    """Return a test for examples that hold every one of these words, whatever case or accents they have."""
    wanted = set(tokens(words))
    return lambda example: bool(wanted) and wanted <= set(tokens(example.text))


def _add(connection: sqlite3.Connection, example: Example, max_rows: int) -> int | None:
    text = clean(example.text)
    if not text or len(text) > MAX_CHARS:
        return None
    since = example.created_ms - _DAY_MS
    (today,) = connection.execute(
        "SELECT count(*) FROM learned_examples WHERE tool = ? AND created_ms > ?", (example.tool, since)
    ).fetchone()
    if today >= MAX_PER_TOOL_AND_DAY:
        return None
    plain = " ".join(tokens(folded(text)))
    connection.execute("DELETE FROM learned_examples WHERE folded = ?", (plain,))
    values = (
        example.session_key,
        example.lang,
        text,
        plain,
        example.tool,
        json.dumps(dict(example.arguments), ensure_ascii=False),
        example.created_ms,
    )
    columns = "session_key, lang, text, folded, tool, arguments, created_ms"
    added = connection.execute(f"INSERT INTO learned_examples ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    connection.execute(
        "DELETE FROM learned_examples WHERE id NOT IN (SELECT id FROM learned_examples ORDER BY id DESC LIMIT ?)",
        (max_rows,),
    )
    return added.lastrowid


def _example(row: Sequence[Any]) -> Example:
    number, session_key, lang, text, tool, arguments, created_ms = row
    return Example(text, lang, tool, json.loads(arguments), session_key, created_ms, number)
