"""A whole backup in the place of a state directory."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from appliance.storage.copies import takeover
from appliance.storage.copies.takeover import room_in, take_over
from appliance.storage.copies.unfinished import UNFINISHED, unfinished
from appliance.storage.errors import StorageError

_NOW_MS = 1_800_000_000_000


def _put(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


def _files(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    _put(
        tmp_path,
        {
            "homarus.sqlite": "new",
            "homarus.sqlite-wal": "new",
            "device.key": "new",
            "client/device.key": "new",
            "tls/leaf.pem": "new",
            "journal/1": "new",
            "backups/homarus-20270101T000000.sqlite": "new",
            "blobs/aa/new": "new",
            "models/large.gguf": "stays",
            "logs/gateway.log": "stays",
        },
    )
    return tmp_path


def test_the_state_of_the_backup_is_there_and_what_was_there_lies_aside(state: Path) -> None:
    room = room_in(state)
    _put(room, {"homarus.sqlite": "old", "device.key": "old", "blobs/bb/old": "old", "tls/authority.pem": "old"})
    aside = take_over(state, room, _NOW_MS)
    assert aside.name == "before-restore-20270115T080000"
    kept = _files(aside)
    assert set(kept.values()) == {"new"}
    assert len(kept) == 8, "everything of the box before, nothing of it left among the new"
    there = {name: text for name, text in _files(state).items() if not name.startswith("before-restore")}
    assert there == {
        "homarus.sqlite": "old",
        "device.key": "old",
        "blobs/bb/old": "old",
        "tls/authority.pem": "old",
        "models/large.gguf": "stays",
        "logs/gateway.log": "stays",
    }
    assert (state / "journal").is_dir()
    assert unfinished(state) is None
    assert not room.exists()


def test_a_restore_that_was_cut_off_says_so_and_a_second_one_mends_it(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = room_in(state)
    _put(room, {"homarus.sqlite": "old", "device.key": "old"})

    def fails(source: Path, target: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(takeover, "_move", fails)
    with pytest.raises(StorageError, match="before-restore"):
        take_over(state, room, _NOW_MS)
    monkeypatch.undo()
    assert "backup restore" in (unfinished(state) or "")
    assert (state / UNFINISHED).exists()

    room = room_in(state)
    _put(room, {"homarus.sqlite": "old", "device.key": "old"})
    assert take_over(state, room, _NOW_MS).name.endswith("-2")
    assert (unfinished(state), (state / "homarus.sqlite").read_text()) == (None, "old")


def _revocations(serial: int, *devices: str, spent: tuple[str, ...] = ()) -> str:
    return json.dumps(
        {"serial": serial, "devices": {one: {"scopes": [str(serial)]} for one in devices}, "spent": spent}
    )


def test_what_was_taken_away_on_either_box_stays_taken_away(state: Path) -> None:
    (state / "revocations.json").write_text(_revocations(3, "phone", "tablet", spent=("aa",)))
    room = room_in(state)
    _put(room, {"homarus.sqlite": "old", "revocations.json": _revocations(9, "phone", "watch", spent=("bb", "aa"))})
    take_over(state, room, _NOW_MS)
    merged = json.loads((state / "revocations.json").read_text())
    assert (merged["serial"], merged["spent"]) == (9, ["bb", "aa"])
    assert {name: rights["scopes"] for name, rights in merged["devices"].items()} == {
        "phone": ["3"],
        "tablet": ["3"],
        "watch": ["9"],
    }


@pytest.mark.parametrize("there", [None, "rubbish"])
def test_a_list_that_only_one_of_both_has_is_kept(state: Path, there: str | None) -> None:
    own = _revocations(3, "phone")
    (state / "revocations.json").write_text(own)
    room = room_in(state)
    _put(room, {"homarus.sqlite": "old", **({} if there is None else {"revocations.json": there})})
    take_over(state, room, _NOW_MS)
    assert json.loads((state / "revocations.json").read_text()) == json.loads(own)


def test_a_new_box_takes_the_list_of_the_backup(state: Path) -> None:
    room = room_in(state)
    _put(room, {"homarus.sqlite": "old", "revocations.json": _revocations(9, "watch")})
    take_over(state, room, _NOW_MS)
    assert "watch" in (state / "revocations.json").read_text()


def test_the_room_is_empty_and_private_each_time(state: Path) -> None:
    room = room_in(state)
    (room / "left over").write_text("x")
    room = room_in(state)
    assert (list(room.iterdir()), room.stat().st_mode & 0o777) == ([], 0o700)
    assert os.stat(room).st_dev == os.stat(state).st_dev


def test_the_ninety_ninth_folder_of_one_second_is_made_and_one_more_is_refused_before_anything_moves(
    state: Path,
) -> None:
    name = "before-restore-20270115T080000"
    for folder in (name, *(f"{name}-{n}" for n in range(2, 99))):
        (state / folder).mkdir()
    room = room_in(state)
    _put(room, {"homarus.sqlite": "old"})
    assert take_over(state, room, _NOW_MS).name == f"{name}-99"
    room = room_in(state)
    _put(room, {"homarus.sqlite": "older"})
    with pytest.raises(StorageError, match="remove"):
        take_over(state, room, _NOW_MS)
    assert ((state / "homarus.sqlite").read_text(), unfinished(state)) == ("old", None)
