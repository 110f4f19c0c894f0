"""Opens a state directory that was made from a copy, as a gateway would, and says whether one could live there.

A process of its own (`python -m appliance rehearse-state FOLDER`): what it opens may be damaged, and its memory is
given back. It changes the folder: only ever give it a scratch copy. With `--schema` it names the migrations it knows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from appliance import __version__
from appliance.foundation.clock import SystemClock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.ids import digest
from appliance.foundation.paths import StatePaths

_LOW_PRIORITY = 15


def main(arguments: list[str]) -> int:
    """Rehearse and print one JSON object; 0 when a gateway could live on this state."""
    parser = argparse.ArgumentParser(prog="homarus rehearse-state")
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--blobs", type=Path, help="where the attachments lie, if not in the folder")
    parser.add_argument("--schema", action="store_true", help="print the migrations that this version knows")
    options = parser.parse_args(arguments)
    if options.schema or options.folder is None:
        told: dict[str, Any] = {"ok": True, "version": __version__, "schema": _known()}
    else:
        os.nice(_LOW_PRIORITY)
        os.umask(0o077)
        told = _rehearse(options.folder, options.blobs or options.folder / "blobs")
    print(json.dumps(told))
    return 0 if told["ok"] else 1


def _known() -> list[str]:
    from appliance.daemon.core import MIGRATIONS
    from appliance.storage.migrations import STORAGE_MIGRATIONS

    return [one.name for one in (*STORAGE_MIGRATIONS, *MIGRATIONS)]


def _rehearse(folder: Path, blobs: Path) -> dict[str, Any]:
    try:
        asyncio.run(_open(StatePaths(folder, folder / "homarus.json5")))
        facts = _facts(folder / "homarus.sqlite", blobs)
    except (ApplianceError, sqlite3.Error, OSError, ValueError) as error:
        return {"ok": False, "reason": str(error)}
    missing = facts.pop("missing")
    if missing:
        return {"ok": False, "reason": f"{missing} attachments are missing or damaged", **facts}
    return {"ok": True, **facts}


async def _open(paths: StatePaths) -> None:
    """Open everything that must open, without anything that serves. Raises ApplianceError."""
    from appliance.daemon.core import open_database
    from appliance.daemon.reach.trust import open_trust
    from appliance.identity.box_key import BoxKey
    from appliance.storage.errors import DamagedError

    for folder in (paths.journal, paths.backups):
        folder.mkdir(mode=0o700, exist_ok=True)
    if not paths.database.is_file():
        raise DamagedError("there is no database")
    if (paths.root / "device.key").exists():
        BoxKey.open(paths.root / "device.key")
    clock = SystemClock()
    database = await open_database(paths, clock)
    try:
        if database.recovered is not None:
            raise DamagedError(f"the database had to be rebuilt: {database.recovered.reason}")
        if problems := await database.integrity_check():
            raise DamagedError(f"the database is not sound: {'; '.join(problems[:3])}")
        await open_trust(database, clock)
    finally:
        await database.aclose()


def _facts(database: Path, blobs: Path) -> dict[str, int]:
    """Count what a person knows of their box, and look at every attachment that a message names."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        counted = {
            name: int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])
            for name, table in (("sessions", "sessions"), ("messages", "entries"), ("devices", "identity_devices"))
        }
        named = [str(row[0]) for row in connection.execute("SELECT DISTINCT sha256 FROM blob_uses")]
    sound = sum(_is_sound(blobs / one[:2] / one, one) for one in named)
    return {**counted, "attachments": sound, "missing": len(named) - sound}


def _is_sound(path: Path, sha256: str) -> bool:
    try:
        return digest(path.read_bytes()) == sha256
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
