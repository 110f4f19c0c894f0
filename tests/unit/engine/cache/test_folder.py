from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from appliance.engine.cache.files.folder import Folder, FolderError
from tests.unit.engine.cache.files import folder


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folder_and_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "prefixes").mkdir(mode=0o755)
    with folder(tmp_path / "prefixes") as held:
        os.close(held.open("file", os.O_WRONLY | os.O_CREAT))
    assert _mode(tmp_path / "prefixes") == 0o700
    assert {_mode(path) for path in (tmp_path / "prefixes").iterdir()} == {0o600}


def test_the_key_is_made_once(tmp_path: Path) -> None:
    with folder(tmp_path / "p") as held:
        first = held.key
    with folder(tmp_path / "p") as held:
        assert held.key == first
    assert len(first) == 32


def test_a_key_that_is_cut_or_that_others_could_read_is_replaced(tmp_path: Path) -> None:
    def spoil(key: Path, how: str) -> None:
        if how == "cut":
            key.write_bytes(b"short")
        elif how == "long":
            key.write_bytes(b"l" * 33)
        elif how == "open":
            key.chmod(0o644)
        else:
            content = key.read_bytes()
            key.unlink()
            (tmp_path / "elsewhere").write_bytes(content)
            key.symlink_to(tmp_path / "elsewhere")

    for how in ("cut", "long", "open", "link"):
        with folder(tmp_path / "p") as held:
            before = held.key
        spoil(tmp_path / "p" / "key", how)
        with folder(tmp_path / "p") as held:
            assert held.key != before, how
        key = tmp_path / "p" / "key"
        assert not key.is_symlink()
        assert _mode(key) == 0o600


def test_a_second_engine_does_not_get_the_folder(tmp_path: Path) -> None:
    with folder(tmp_path / "p"), pytest.raises(FolderError, match="in use by another engine"), folder(tmp_path / "p"):
        pass
    with folder(tmp_path / "p"):
        pass


def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir(mode=0o755)
    (tmp_path / "p").symlink_to(tmp_path / "target")
    with pytest.raises(FolderError, match="cannot be used"), folder(tmp_path / "p"):
        pass
    assert list((tmp_path / "target").iterdir()) == []
    assert _mode(tmp_path / "target") == 0o755


def test_a_file_in_place_of_the_folder_is_an_error_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("")
    with pytest.raises(FolderError, match="cannot be used"), folder(tmp_path / "p"):
        pass


def test_a_key_of_the_wrong_length_is_not_made(tmp_path: Path) -> None:
    for length in (0, 31, 33):
        with pytest.raises(FolderError, match="32 bytes"):
            Folder(tmp_path / "p", random_bytes=bytes(length))


def test_what_was_written_is_counted_over_restarts(tmp_path: Path) -> None:
    with folder(tmp_path / "p") as held:
        held.count(100)
        held.count(23)
    with folder(tmp_path / "p") as held:
        assert held.written == 123
        held.count(1)
        assert held.written == 124
    (tmp_path / "p" / "wear").write_bytes(b"\xff" * 16)
    with folder(tmp_path / "p") as held:
        assert held.written == 0, "a damaged count begins again"


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    with folder(tmp_path / "p") as held:
        (tmp_path / "p" / "link").symlink_to(tmp_path / "secret")
        (tmp_path / "secret").write_text("secret")
        with pytest.raises(OSError, match="symbolic"):
            held.open("link", os.O_RDONLY)
        held.remove("link")
        held.remove("link")
    assert (tmp_path / "secret").read_text() == "secret"
