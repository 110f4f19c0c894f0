"""Runs this program as another version of it: the same code, with migrations of its own behind the released ones.

    python another_version.py 1|2 -m appliance gateway-process …

Version 1 has one more column than this release; version 2 drops it again, adds another one, and a table that fills by
itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

FIRST = ("test:0001_first", "ALTER TABLE entries ADD COLUMN of_version_1 TEXT")
SECOND = (
    "test:0002_second",
    """
    ALTER TABLE entries DROP COLUMN of_version_1;
    ALTER TABLE sessions ADD COLUMN of_version_2 TEXT DEFAULT 'new';
    CREATE TABLE dreams (id INTEGER PRIMARY KEY, about TEXT NOT NULL);
    CREATE TRIGGER dreaming AFTER INSERT ON entries BEGIN INSERT INTO dreams (about) VALUES (NEW.role); END;
    """,
)


def main() -> int:
    """Become the version that the first argument names."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import appliance.daemon.core as core
    from appliance.__main__ import main as program
    from appliance.storage import Migration

    added = (FIRST, SECOND)[: int(sys.argv[1])]
    core.MIGRATIONS = (*core.MIGRATIONS, *(Migration(*one) for one in added))  # type: ignore[assignment]  # longer
    sys.argv = [sys.argv[0], *sys.argv[4:]]
    return program()


if __name__ == "__main__":
    sys.exit(main())
