"""Coming back to a nightly copy: the database, and the keys by which devices know the box."""

from __future__ import annotations

import asyncio
import io
import os
import tarfile
from datetime import UTC
from pathlib import Path

import pytest

from appliance.storage import Backups, Database, StorageError
from appliance.storage.copies.files import archive_of, unpack
from appliance.storage.copies.restore import Restoration, restore
from tests.fakes.clock import FakeClock
from tests.unit.storage.conftest import MIGRATIONS

_KEYS = {"device.key": b"k" * 32, "tls/leaf.pem": b"leaf", "tls/authority.pem": b"ca", "client/gateway-1.json": b"{}"}


async def _backed_up(root: Path, clock: FakeClock, word: str) -> Path:
    database = await Database.open(
        root / "homarus.sqlite", MIGRATIONS, clock=clock, journal=root / "journal", backups=root / "backups"
    )
    await database.write(lambda connection: connection.execute("INSERT INTO loose VALUES (?)", (word,)).rowcount)
    copy = await Backups(root / "backups", UTC, keep=2, state=root).run(database, clock.now_ms())
    await database.aclose()
    return copy


async def _words(root: Path, clock: FakeClock) -> list[str]:
    database = await Database.open(root / "homarus.sqlite", MIGRATIONS, clock=clock, journal=root / "journal")
    rows = await database.read(lambda connection: connection.execute("SELECT * FROM loose").fetchall())
    await database.aclose()
    return [row[0] for row in rows]


async def _restore(root: Path, copy: Path, clock: FakeClock, *, replace_files: bool) -> Restoration:
    database, journal = root / "homarus.sqlite", root / "journal"
    return await asyncio.to_thread(restore, database, journal, copy, clock.now_ms(), replace_files=replace_files)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, content in _KEYS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "revocations.json").write_text("newer")
    return tmp_path


async def test_an_old_copy_comes_back_without_what_came_later(root: Path) -> None:
    clock = FakeClock()
    copy = await _backed_up(root, clock, "first")
    clock.advance(60)
    await _backed_up(root, clock, "second")
    done = await _restore(root, copy, clock, replace_files=False)
    assert await _words(root, clock) == ["first"]
    assert {path.name for path in done.aside.iterdir()} >= {"homarus.sqlite", "journal"}
    assert (done.written, done.kept) == ((), ())


async def test_missing_keys_come_back_and_others_only_when_asked(root: Path) -> None:
    clock = FakeClock()
    copy = await _backed_up(root, clock, "first")
    assert archive_of(copy).stat().st_mode & 0o777 == 0o600
    assert unpack(archive_of(copy)) == _KEYS
    (root / "device.key").unlink()
    (root / "tls/leaf.pem").write_bytes(b"renewed since")
    done = await _restore(root, copy, clock, replace_files=False)
    assert (done.written, done.kept) == (("device.key",), ("tls/leaf.pem",))
    assert (root / "device.key").stat().st_mode & 0o777 == 0o600
    clock.advance(1)
    done = await _restore(root, copy, clock, replace_files=True)
    assert (root / "tls/leaf.pem").read_bytes() == b"leaf"
    assert (done.aside / "tls/leaf.pem").read_bytes() == b"renewed since"
    assert (root / "revocations.json").read_text() == "newer"


async def test_the_keys_of_a_copy_go_with_it(root: Path) -> None:
    clock = FakeClock()
    for word in ("one", "two", "three"):
        await _backed_up(root, clock, word)
        clock.advance(60)
    copies = Backups(root / "backups", UTC).all()
    assert len(copies) == 2
    assert sorted((root / "backups").glob("*.tar")) == sorted(archive_of(one) for one in copies)


async def test_a_copy_that_is_not_sound_changes_nothing(root: Path) -> None:
    clock = FakeClock()
    await _backed_up(root, clock, "first")
    broken = root / "broken.sqlite"
    broken.write_bytes(b"no database at all" * 500)
    before = sorted(os.listdir(root))
    with pytest.raises(StorageError, match="choose another"):
        await _restore(root, broken, clock, replace_files=False)
    assert sorted(os.listdir(root)) == before


def test_an_archive_writes_nowhere_else(tmp_path: Path) -> None:
    archive = tmp_path / "evil.files.tar"
    with tarfile.open(archive, "w") as made:
        for name in (
            "../device.key",
            "/etc/passwd",
            "tls/../../x.pem",
            "revocations.json",
            "homarus.sqlite",
            "a/tls/x.pem",
        ):
            about = tarfile.TarInfo(name)
            about.size = 1
            made.addfile(about, io.BytesIO(b"x"))
        link = tarfile.TarInfo("tls/link.pem")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
        made.addfile(link)
    assert unpack(archive) == {}
    assert unpack(tmp_path / "none.tar") == {}
    archive.write_bytes(b"rubbish" * 200)
    with pytest.raises(StorageError, match="cannot be read"):
        unpack(archive)
