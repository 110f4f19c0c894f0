"""scripts/install: what it copies where, and what it says on a machine that is not for it."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_LIBRARY = _ROOT / "scripts/lib"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A program in a home folder, half of it in git."""
    root = tmp_path / "home"
    for name in ("scripts/run", "appliance/a file.py", "appliance/gone.py", ".cache/llama/key/lib", "notes.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "scripts/run").chmod(0o700)
    (root / "appliance/a file.py").chmod(0o600)
    _git(root, "init", "-q")
    _git(root, "add", "scripts", "appliance")
    return root


def _git(root: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=root, check=True, timeout=30)


def _copy(checkout: Path, program: Path) -> subprocess.CompletedProcess[str]:
    command = f"set -euo pipefail; umask 022; . {_LIBRARY}/common.sh; . {_LIBRARY}/program.sh; copy_program {program}"
    return subprocess.run(
        ["bash", "-c", command, "install"], cwd=checkout, capture_output=True, text=True, timeout=60, check=False
    )


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


needs_root = pytest.mark.skipif(os.getuid() != 0, reason="files are given to root")


@needs_root
def test_the_program_is_copied_for_everybody_to_read_and_nobody_to_write(checkout: Path, tmp_path: Path) -> None:
    program = tmp_path / "opt"
    done = _copy(checkout, program)
    assert done.returncode == 0, done.stderr
    assert (program / "appliance/a file.py").read_text() == "appliance/a file.py"
    assert (_mode(program / "scripts/run"), _mode(program / "appliance/a file.py")) == (0o755, 0o644)
    assert not (program / "notes.txt").exists(), "what git does not know is the owner's"
    assert (program / ".cache/llama/key/lib").exists(), "it took minutes to build"
    assert not (program / ".git").exists()


@needs_root
def test_a_second_copy_changes_nothing_and_a_newer_one_takes_away_what_is_gone(checkout: Path, tmp_path: Path) -> None:
    program = tmp_path / "opt"
    _copy(checkout, program)
    (program / ".venv").mkdir()
    before = {path: path.stat().st_mtime_ns for path in program.rglob("*")}
    assert _copy(checkout, program).stdout == ""
    assert {path: path.stat().st_mtime_ns for path in program.rglob("*")} == before
    _git(checkout, "rm", "-q", "--cached", "appliance/gone.py")
    (checkout / "appliance/gone.py").unlink()
    (checkout / "appliance/new.py").write_text("new")
    _git(checkout, "add", "appliance/new.py")
    assert "copying the program" in _copy(checkout, program).stdout
    assert not (program / "appliance/gone.py").exists()
    assert (program / "appliance/new.py").exists()
    assert (program / ".venv").is_dir(), "what set-up made stays"


@needs_root
def test_a_copy_that_was_interrupted_is_made_whole(checkout: Path, tmp_path: Path) -> None:
    program = tmp_path / "opt"
    program.mkdir()
    (program / ".installed").write_text("")
    (program / "half").write_text("")
    assert _copy(checkout, program).returncode == 0
    assert (program / "appliance/a file.py").exists()


@needs_root
def test_without_git_everything_goes_but_what_set_up_makes(checkout: Path, tmp_path: Path) -> None:
    subprocess.run(["rm", "-rf", str(checkout / ".git")], check=True, timeout=30)
    (checkout / ".venv/bin").mkdir(parents=True)
    (checkout / ".venv/bin/python").write_text("")
    program = tmp_path / "opt"
    assert _copy(checkout, program).returncode == 0
    assert (program / "notes.txt").exists()
    assert not (program / ".venv").exists()


@needs_root
def test_a_folder_of_somebody_else_is_left_alone(checkout: Path, tmp_path: Path) -> None:
    program = tmp_path / "opt"
    program.mkdir()
    (program / "theirs").write_text("theirs")
    done = _copy(checkout, program)
    assert done.returncode == 1
    assert "move it away" in done.stderr
    assert "theirs" in (program / "theirs").read_text()
    assert [path.name for path in program.iterdir()] == ["theirs"]


@pytest.mark.skipif(Path("/run/systemd/system").exists() or os.getuid() != 0, reason="it would install here")
def test_without_systemd_it_says_what_else_to_run() -> None:
    done = subprocess.run(["scripts/install"], cwd=_ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "scripts/run" in done.stderr


def test_it_says_what_it_does() -> None:
    done = subprocess.run(
        ["scripts/install", "--help"], cwd=_ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert "homarus uninstall" in done.stdout
