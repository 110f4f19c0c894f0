"""Attachments that only an older copy of the database still names."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from appliance.sessions.attachments import named_in


def _copy(path: Path, *hashes: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE blob_uses (session_key TEXT, sha256 TEXT)")
        connection.executemany("INSERT INTO blob_uses VALUES ('k', ?)", [(one,) for one in hashes])
        connection.commit()
    return path


def test_all_that_any_copy_names_is_kept(tmp_path: Path) -> None:
    copies = [_copy(tmp_path / "one.sqlite", "aa", "bb"), _copy(tmp_path / "two.sqlite", "bb", "cc")]
    assert named_in(copies) == {"aa", "bb", "cc"}
    assert named_in([]) == frozenset()


def test_a_copy_that_cannot_be_read_takes_no_other_along(tmp_path: Path) -> None:
    (tmp_path / "bad.sqlite").write_bytes(b"no database" * 100)
    assert named_in([tmp_path / "bad.sqlite", _copy(tmp_path / "one.sqlite", "aa"), tmp_path / "missing"]) == {"aa"}
