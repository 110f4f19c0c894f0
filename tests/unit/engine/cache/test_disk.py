from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from appliance.engine.cache.envelope import Opened, Refusal
from appliance.engine.cache.files.disk import Disk
from tests.unit.engine.cache.files import OTHER, disk, header, put, states

_A, _B, _C = (1, 2, 3), (1, 2, 4), (5, 6)


def _names(files: Disk) -> set[str]:
    return {name for name, _ in files.load()}


def test_a_state_comes_back_after_a_restart(tmp_path: Path) -> None:
    with disk(tmp_path / "p") as files:
        name = put(files, _A, b"state" * 100, pinned=True)
    with disk(tmp_path / "p") as files:
        ((found, head),) = files.load()
        assert found == name
        assert (head.start, head.end, head.length, head.pinned) == (0, 3, 500, True)
        opened = files.read(name)
        assert isinstance(opened, Opened)
        assert opened.blob == b"state" * 100
        assert opened.tokens == _A
    (path,) = states(tmp_path / "p")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_index_is_made_of_headers_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with disk(tmp_path / "p", budget=1 << 24) as files:
        put(files, _A, bytes(1 << 22))
    read: list[int] = []
    plain = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: read.append(size) or plain(fd, size, at))
    with disk(tmp_path / "p") as files:
        assert len(files.load()) == 1
    assert sum(read) < 1000


@pytest.mark.parametrize("damage", ["flip head", "flip blob", "flip sum", "cut", "longer", "empty", "swap"])
def test_a_damaged_file_is_refused_and_removed(tmp_path: Path, damage: str) -> None:
    with disk(tmp_path / "p") as files:
        name, other = put(files, _A, b"a" * 500), put(files, _B, b"b" * 500)
        path = tmp_path / "p" / files._path(name)
        content = bytearray(path.read_bytes())
        if damage == "cut":
            content = content[:-1]
        elif damage == "longer":
            content += b"!"
        elif damage == "empty":
            content = bytearray()
        elif damage == "swap":
            content = bytearray((tmp_path / "p" / files._path(other)).read_bytes())
        else:
            content[{"flip head": 20, "flip blob": 300, "flip sum": -1}[damage]] ^= 1
        path.write_bytes(content)
        opened = files.read(name)
        if damage == "swap":  # it is a whole state of ours; the store compares its tokens with those it looked for
            assert isinstance(opened, Opened)
            assert opened.tokens == _B
            return
        assert isinstance(opened, Refusal)
        assert not path.exists()
        assert files.read(name) is Refusal.GONE
        assert isinstance(files.read(other), Opened)


def test_after_a_restart_damaged_and_foreign_files_are_gone(tmp_path: Path) -> None:
    with disk(tmp_path / "p") as files:
        name = put(files, _A, b"a" * 500)
        path = tmp_path / "p" / files._path(name)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (tmp_path / "p" / "other.txt").write_text("what is this")
    (tmp_path / "p" / "x.state").write_bytes(b"HMKV")
    (tmp_path / "p" / "link.state").symlink_to(secret)
    (tmp_path / "p" / f"{path.name}.new").write_bytes(path.read_bytes()[:100])
    (tmp_path / "p" / "renamed.state").write_bytes(path.read_bytes())
    (tmp_path / "p" / "folder.state").mkdir()
    os.mkfifo(tmp_path / "p" / "pipe.state")
    cut = tmp_path / "p" / f"{path.name[:13]}cut.state"
    cut.write_bytes(path.read_bytes()[:-1])
    with disk(tmp_path / "p") as files:
        assert _names(files) == {name}
    left = {entry.name for entry in (tmp_path / "p").iterdir()}
    assert left == {"key", "wear", path.name, "folder.state"}
    assert secret.read_text() == "secret"


def test_files_of_another_model_stay_until_room_is_needed(tmp_path: Path) -> None:
    with disk(tmp_path / "p", fingerprint=OTHER) as files:
        other = header(_A, length=400)
        files.write("other", type(other)(OTHER, other.tokens, 0, 3, 400), bytes(400))
    with disk(tmp_path / "p", budget=1100) as files:
        assert files.load() == []
        assert files.used > 400
        ours = put(files, _A, bytes(400))
        assert len(states(tmp_path / "p")) == 2
        put(files, _B, bytes(400))
        assert len(states(tmp_path / "p")) == 2
        assert isinstance(files.read(ours), Opened), "the other model's went first"
    with disk(tmp_path / "p", fingerprint=OTHER) as files:
        assert files.load() == []


def test_the_budget_holds_and_what_was_not_used_for_longest_goes(tmp_path: Path) -> None:
    with disk(tmp_path / "p", budget=1200) as files:
        a, b = put(files, _A, bytes(400)), put(files, _B, bytes(400))
        files.touch(a)
        _, evicted = files.write("c", header(_C, length=400), bytes(400))
        assert evicted == [b]
        assert files.used <= 1200
        assert files.used == sum(path.stat().st_size for path in states(tmp_path / "p"))


def test_pinned_files_go_last_also_after_a_restart(tmp_path: Path) -> None:
    with disk(tmp_path / "p", budget=1200) as files:
        pinned, loose = put(files, _A, bytes(400), pinned=True), put(files, _B, bytes(400))
        files.touch(loose)
    with disk(tmp_path / "p", budget=1200) as files:
        assert _names(files) == {pinned, loose}
        _, evicted = files.write("c", header(_C, length=400), bytes(400))
        assert evicted == [loose]


def test_pinned_files_that_nobody_uses_any_more_make_room_in_the_end(tmp_path: Path) -> None:
    with disk(tmp_path / "p", budget=1900) as files:
        stale = [put(files, (at,), bytes(400), pinned=True) for at in range(3)]
        _, evicted = files.write("d", header(_B, length=400), bytes(400))
        assert evicted == stale[:1]
        _, evicted = files.write("e", header(_C, length=400), bytes(400))
        assert evicted == stale[1:2], "not the conversation of a moment ago"


def test_a_file_of_exactly_the_budget_fits_and_one_byte_more_does_not(tmp_path: Path) -> None:
    with disk(tmp_path / "p") as files:
        size, _ = files.write("a", header(_A, length=400), bytes(400))
    with disk(tmp_path / "q", budget=size) as files:
        assert files.write("a", header(_A, length=400), bytes(400)) == (size, [])
        assert files.write("b", header(_B, length=401), bytes(401)) == (0, [])
        assert files.used == size


def test_what_the_disk_keeps_for_others_is_not_touched(tmp_path: Path) -> None:
    with disk(tmp_path / "p", reserve=1 << 60) as files:
        assert files.write("a", header(_A, length=4), bytes(4)) == (0, [])
    assert states(tmp_path / "p") == []


def test_a_disk_that_refuses_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with disk(tmp_path / "p") as files:
        kept = put(files, _A, b"a" * 100)
        written = files.written

        def full(_descriptor: int, _data: object) -> int:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(OSError, match="No space"):
                files.write("b", header(_B, length=4), bytes(4))
        assert len(states(tmp_path / "p")) == 1
        assert {path.name for path in (tmp_path / "p").iterdir()} == {"key", "wear", files._path(kept)}
        assert isinstance(files.read(kept), Opened)
        assert files.written > written, "the card is worn all the same"


def test_wear_counts_every_byte_over_restarts(tmp_path: Path) -> None:
    with disk(tmp_path / "p") as files:
        put(files, _A, bytes(1000))
        put(files, _A, bytes(1000))
        first = files.written
    assert first == 2 * states(tmp_path / "p")[0].stat().st_size
    with disk(tmp_path / "p") as files:
        assert files.written == first


def test_a_file_that_somebody_removed_is_gone_and_not_damaged(tmp_path: Path) -> None:
    with disk(tmp_path / "p") as files:
        name = put(files, _A, bytes(10))
        states(tmp_path / "p")[0].unlink()
        assert files.read(name) is Refusal.GONE
        files.forget(name)


def test_a_link_put_in_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    with disk(tmp_path / "p") as files:
        name = put(files, _A, bytes(10))
        path = states(tmp_path / "p")[0]
        path.rename(tmp_path / "moved")
        path.symlink_to(tmp_path / "moved")
        assert isinstance(files.read(name), Refusal)
        assert not path.is_symlink()
    assert (tmp_path / "moved").exists()
