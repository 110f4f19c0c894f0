"""The wheels of the box: a lock is cut to its machine; of a wheel nothing stays but what stands in site-packages."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from image.errors import ImageError
from image.payload import lockfile, wheels
from image.payload.target import target

_ROOT = Path(__file__).resolve().parents[2]
_LOCK = """\
one==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:ab
old==2.0 ; python_full_version < '3.12' \\
    --hash=sha256:ba
old==2.5 ; python_full_version >= '3.12' \\
    --hash=sha256:bb
other==3.0 ; sys_platform == 'win32' \\
    --hash=sha256:ca
"""


def _wheel(folder: Path, members: dict[str, str]) -> Path:
    path = folder / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_the_lock_is_judged_for_the_box_and_not_for_this_machine() -> None:
    found = dict(lockfile.entries(_LOCK, target("arm64").markers()))
    assert found["one"] == "one==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab"
    assert found["old"] == "old==2.5 \\\n    --hash=sha256:bb"
    assert "other" not in found


def test_what_the_box_does_not_get_is_left_out(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(_LOCK)
    assert lockfile.main([str(lock), json.dumps(target("amd64").markers()), "one"]) == 0
    assert capsys.readouterr().out == "old==2.5 \\\n    --hash=sha256:bb\n"


@pytest.mark.parametrize("name", ["core", "engine"])
@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_every_entry_of_our_locks_has_hashes_and_one_version_there(name: str, arch: str) -> None:
    text = (_ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    found = list(lockfile.entries(text, target(arch).markers()))
    assert len({each for each, _ in found}) == len(found) > 10
    assert all("--hash=sha256:" in entry and " ; " not in entry for _, entry in found)


def test_wheels_of_a_newer_c_library_or_another_machine_are_not_taken() -> None:
    tags = target("arm64").platforms()
    assert tags[0] == "manylinux_2_41_aarch64"
    assert all(tag.endswith("aarch64") for tag in tags)
    assert "manylinux_2_17_aarch64" in tags


def test_an_architecture_that_is_not_built_is_refused() -> None:
    with pytest.raises(ImageError, match="not for riscv64"):
        target("riscv64")


def test_a_wheel_is_unpacked_without_its_scripts_and_headers(tmp_path: Path) -> None:
    members = {
        "thing/__init__.py": "x = 1\n",
        "thing-1.0.data/purelib/more.py": "y = 2\n",
        "thing-1.0.data/scripts/thing": "#!python\n",
        "thing-1.0.data/headers/thing.h": "\n",
        "thing-1.0.dist-info/METADATA": "Name: thing\n",
    }
    wheels.unpack(_wheel(tmp_path, members), tmp_path / "site")
    found = {str(each.relative_to(tmp_path / "site")) for each in (tmp_path / "site").rglob("*") if each.is_file()}
    assert found == {"thing/__init__.py", "more.py", "thing-1.0.dist-info/METADATA"}


def test_a_wheel_cannot_write_outside_site_packages(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="leads out of its folder"):
        wheels.unpack(_wheel(tmp_path, {"../../etc/passwd": "root"}), tmp_path / "site")
