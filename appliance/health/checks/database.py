"""The database on a box whose gateway does not run: a gateway that runs looks after it itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look

_NAME = "homarus.sqlite"
_FIX = "Start the gateway: it sets the damaged file aside and rebuilds it from the newest copy and the journal."


def check(look: Look) -> Iterator[Condition]:
    """Say what SQLite finds wrong with the file. Only where the caller holds the lock of the state."""
    if look.state is None or not look.alone or not (path := look.state / _NAME).is_file():
        return
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            found = [text for (text,) in connection.execute("PRAGMA quick_check(3)") if text != "ok"]
        finally:
            connection.close()
    except sqlite3.Error as error:
        found = [str(error)]
    if found:
        reason = "; ".join(found)
        details: dict[str, str | int] = {"form": "check", "reason": reason}
        yield Condition("database", str(path), Severity.BLOCKING, f"The database is damaged: {reason}.", _FIX, details)
