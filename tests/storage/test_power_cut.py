"""A power cut at any byte loses nothing that was flushed before (mission S5)."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from appliance.storage import Database
from tests.fakes.clock import FakeClock
from tests.unit.storage.conftest import MIGRATIONS

_WRITES = 12
_CUTS = 60
_LAZY = (2, 5, 6, 9)  # writes that need not be on the disk before the next one that must


async def test_files_cut_at_any_byte_after_an_acknowledgement_still_hold_it(tmp_path: Path) -> None:
    root = tmp_path / "whole"
    root.mkdir()
    wal, segment = root / "s.sqlite-wal", root / "journal" / "00000001.jsonl"
    database = await Database.open(root / "s.sqlite", MIGRATIONS, clock=FakeClock(), journal=root / "journal")
    marks = [(wal.stat().st_size, segment.stat().st_size)]
    for number in range(_WRITES):
        await database.write(
            lambda connection, number=number: (
                connection.execute(
                    "INSERT INTO things (name, number) VALUES (?, ?)", (f"{number} {'x' * 300}", number)
                ).rowcount
            ),
            durable=number not in _LAZY,
        )
        marks.append((wal.stat().st_size, segment.stat().st_size))
    files = {path.name: path.read_bytes() for path in (root / "s.sqlite", wal)}
    lines = segment.read_bytes()
    await database.aclose()
    chance = random.Random(5)
    for cut in range(_CUTS):
        answered = chance.randrange(_WRITES)
        flushed = next(count for count in range(answered, -1, -1) if count - 1 not in _LAZY)
        broken = tmp_path / str(cut)
        (broken / "journal").mkdir(parents=True)
        # Of what was being flushed any part may be there, in either file.
        kept_wal, kept_lines = (
            chance.choice([low, high, chance.randint(low, high)])
            for low, high in zip(marks[flushed], marks[answered + 1], strict=True)
        )
        (broken / "journal" / segment.name).write_bytes(lines[:kept_lines])
        (broken / "s.sqlite").write_bytes(files["s.sqlite"])
        (broken / "s.sqlite-wal").write_bytes(files[wal.name][:kept_wal])
        for _ in range(2):
            database = await Database.open(
                broken / "s.sqlite", MIGRATIONS, clock=FakeClock(), journal=broken / "journal"
            )
            assert database.recovered is None
            found = await database.read(
                lambda connection: [row[0] for row in connection.execute("SELECT number FROM things ORDER BY number")]
            )
            assert found == list(range(len(found)))
            assert flushed <= len(found) <= answered + 1
            await database.aclose()
        shutil.rmtree(broken)
