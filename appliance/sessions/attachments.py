"""Which attachments a copy of the database still names: whoever comes back to it wants them back too."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

_log = logging.getLogger(__name__)


def named_in(copies: Iterable[Path]) -> frozenset[str]:
    """Return the hashes of all blobs that these copies name. One that cannot be read names none."""
    found: set[str] = set()
    for copy in copies:
        try:
            with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
                found.update(row[0] for row in connection.execute("SELECT DISTINCT sha256 FROM blob_uses"))
        except sqlite3.Error as error:
            _log.warning("the attachments of %s are unknown: %s", copy.name, error)
    return frozenset(found)
