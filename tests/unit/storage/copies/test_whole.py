"""The stream of a whole backup: what is written comes back checked, and nothing else gets in."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.storage.copies import whole
from appliance.storage.copies.whole import DATABASE, Head, read, write
from appliance.storage.errors import DamagedError, SchemaError, StorageError

_HEAD = Head("1.2.3", 1_800_000_000_000, "id", "kitchen", ("a:1", "b:1"), ("large.gguf",))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    root = tmp_path / "state"
    for name, content in {
        "device.key": b"key",
        "homarus.json5": b"{}",
        "revocations.json": b"{}",
        "tls/leaf.pem": b"leaf",
        "blobs/ab/" + "ab" * 32: b"picture",
        "workspace/deep/er/file.md": b"text",
        "models/large.gguf": b"GGUF",
        "logs/gateway.log": b"log",
        "gateway.lock": b"",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "workspace/outside").symlink_to("/etc/passwd")
    (root / "workspace/folder").symlink_to("/etc")
    connection = sqlite3.connect(tmp_path / "copy.sqlite")
    connection.execute("CREATE TABLE one (two)")
    connection.close()
    return root


def _written(state: Path, head: Head = _HEAD) -> bytes:
    target = io.BytesIO()
    write(target, state, state.parent / "copy.sqlite", head)
    return target.getvalue()


def _read(content: bytes, room: Path, **options: object) -> whole.Whole:
    room.mkdir(exist_ok=True)
    return read(io.BytesIO(content), room, **options)  # type: ignore[arg-type]  # the options of a test


def test_what_is_written_comes_back(state: Path, tmp_path: Path) -> None:
    found = _read(_written(state), tmp_path / "room")
    assert (found.head, found.files) == (_HEAD, 7)
    room = tmp_path / "room"
    inside = sorted(path.relative_to(room).as_posix() for path in room.rglob("*") if path.is_file())
    assert inside == sorted(
        [
            "blobs/ab/" + "ab" * 32,
            "device.key",
            "homarus.json5",
            DATABASE,
            "revocations.json",
            "tls/leaf.pem",
            "workspace/deep/er/file.md",
        ]
    )
    assert (room / "device.key").stat().st_mode & 0o777 == 0o600


def test_a_copy_that_goes_away_is_told_and_a_file_that_goes_away_is_left_out(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = whole._stream

    def stream(archive: tarfile.TarFile, name: str, path: Path) -> dict[str, object]:
        if name == "workspace/deep/er/file.md":
            path.unlink()
        return plain(archive, name, path)

    monkeypatch.setattr(whole, "_stream", stream)
    assert _read(_written(state), tmp_path / "room").files == 6
    (tmp_path / "copy.sqlite").unlink()
    with pytest.raises(StorageError, match="went away"):
        _written(state)


def test_the_same_state_gives_the_same_stream(state: Path) -> None:
    assert _written(state) == _written(state)


def test_a_newer_schema_or_form_is_refused_before_anything_is_written(state: Path, tmp_path: Path) -> None:
    room = tmp_path / "room"
    assert _read(_written(state), room, known=["a:1", "b:1", "c:1"]).files == 7
    empty = tmp_path / "empty"
    with pytest.raises(SchemaError, match=r"1\.2\.3.*update"):
        _read(_written(state), empty, known=["a:1"])
    with pytest.raises(SchemaError):
        _read(_written(state, replace(_HEAD, format=2)), empty)
    assert list(empty.iterdir()) == []


def _tar(*members: tuple[str, bytes] | tarfile.TarInfo, head: bool = True) -> bytes:
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb") as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        first = [("homarus-backup.json", json.dumps(_head_table()).encode())] if head else []
        for member in (*first, *members):
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            about = tarfile.TarInfo(member[0])
            about.size = len(member[1])
            archive.addfile(about, io.BytesIO(member[1]))
    return target.getvalue()


def _head_table() -> dict[str, object]:
    names = ("version", "made_ms", "box", "name", "schema", "models", "format")
    return {name: getattr(_HEAD, name) for name in names}


def _link(name: str, kind: bytes) -> tarfile.TarInfo:
    about = tarfile.TarInfo(name)
    about.type, about.linkname = kind, "/etc/passwd"
    return about


@pytest.mark.parametrize(
    "member",
    [
        ("../evil", b""),
        ("/etc/evil", b""),
        ("workspace/../../evil", b""),
        ("workspace//evil", b""),
        ("models/large.gguf", b""),
        ("tls/deep/leaf.pem", b""),
        ("gateway.lock", b""),
        _link("workspace/link", tarfile.SYMTYPE),
        _link("workspace/link", tarfile.LNKTYPE),
        _link("workspace/device", tarfile.CHRTYPE),
    ],
    ids=lambda entry: entry.type.decode() if isinstance(entry, tarfile.TarInfo) else str(entry),
)
def test_nothing_is_written_outside_of_what_belongs_to_a_box(
    member: tuple[str, bytes] | tarfile.TarInfo, tmp_path: Path
) -> None:
    with pytest.raises(DamagedError):
        _read(_tar(member), tmp_path / "room")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_stream_without_its_end_its_head_or_its_database_is_refused(state: Path, tmp_path: Path) -> None:
    contents = ("homarus-contents.json", b"{}")
    for number, content in enumerate(
        (
            _written(state)[:-30],
            _tar(("device.key", b"key")),
            _tar(contents, head=False),
            _tar(("homarus-backup.json", b"[]"), head=False),
            _tar(contents),
            _tar(("device.key", b"key"), contents),
            _tar(contents, ("device.key", b"key")),
            b"no gzip",
            b"",
        )
    ):
        with pytest.raises(DamagedError):
            _read(content, tmp_path / f"room{number}")


def test_a_file_that_is_not_what_the_contents_say_is_named(tmp_path: Path) -> None:
    told = {"device.key": {"bytes": 3, "sha256": "00" * 32}}
    with pytest.raises(DamagedError, match=r"device\.key"):
        _read(_tar(("device.key", b"key"), ("homarus-contents.json", json.dumps(told).encode())), tmp_path / "room")


def test_a_damaged_byte_anywhere_is_refused_with_words(state: Path, tmp_path: Path) -> None:
    content = _written(state)
    for place in range(10, len(content), 5):  # after the head of gzip, whose time and system nobody reads
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        with pytest.raises(StorageError):
            _read(bytes(damaged), tmp_path / f"room-{place}")
