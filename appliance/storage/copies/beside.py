"""Whether a database is sound while another process works in it: read, never written, never checkpointed.

For the moment after an update, when the version that runs is the one that is in doubt and cannot be asked.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from appliance.storage.connection import connect_reader
from appliance.storage.rebuild import check

# SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, which Python has names for since 3.12: the last connection to close would copy the
# log into the file, and only the gateway may do that (connection.py).
_NO_CHECKPOINT: Final = 1006


def problems(path: Path) -> list[str]:
    """Return what SQLite finds wrong with the file and its log; empty when it is sound or not there."""
    if not path.is_file():
        return []
    try:
        connection = connect_reader(path)
        try:
            if hasattr(connection, "setconfig"):
                connection.setconfig(_NO_CHECKPOINT, True)
            return check(connection)
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        return [] if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY else [str(error)]
    except sqlite3.DatabaseError as error:
        return [str(error)]
