"""The shell side of set-up: what it compares, what it leaves out, what it shows."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

_T = TypeVar("_T")

_ROOT = Path(__file__).resolve().parents[2]
_LOCK = """alpha==1 \\
    --hash=sha256:aa
beta==2 ; sys_platform == 'linux' \\
    --hash=sha256:bb \\
    --hash=sha256:cc
gamma==3
"""


def _bash(command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    script = f"set -euo pipefail; . scripts/lib/common.sh; . scripts/lib/setup.sh; {command}"
    return subprocess.run(
        ["bash", "-c", script, "scripts/run"],
        cwd=_ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_one_package_can_be_left_out_of_a_lock(tmp_path: Path) -> None:
    (tmp_path / "lock.txt").write_text(_LOCK)
    done = _bash(f"without beta {tmp_path}/lock.txt")
    assert done.stdout == "alpha==1 \\\n    --hash=sha256:aa\ngamma==3\n"


def test_the_fingerprint_changes_with_a_word_and_with_a_file(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("a")
    first = _bash(f"fingerprint 3.11 -- {lock}").stdout
    other = _bash(f"fingerprint 3.13 -- {lock}").stdout
    lock.write_text("b")
    changed = _bash(f"fingerprint 3.11 -- {lock}").stdout
    assert len({first, other, changed}) == 3


def test_a_python_that_is_too_old_or_absent_is_named() -> None:
    done = _bash("find_python", HOMARUS_PYTHON="no-such-python")
    assert done.returncode == 1
    assert "there is no no-such-python here" in done.stderr


def test_a_version_is_enough_to_choose_a_python() -> None:
    version = ".".join(map(str, __import__("sys").version_info[:2]))
    assert _bash("find_python", HOMARUS_PYTHON=version).stdout.strip()


def test_a_step_is_quiet_when_it_works_and_shows_its_output_when_it_fails() -> None:
    worked = _bash("step 'doing it' sh -c 'echo noise'")
    assert worked.stdout == "[run] doing it\n"
    failed = _bash("step 'doing it' sh -c 'echo noise; exit 3'")
    assert failed.returncode == 3
    assert "noise" in failed.stderr


def test_a_step_that_is_interrupted_does_not_go_on_behind_the_prompt(tmp_path: Path) -> None:
    command = f"step 'doing it' sh -c 'echo $$ >{tmp_path}/pid; exec sleep 60'"
    script = f". scripts/lib/common.sh; {command}"
    words = ["bash", "-c", script, "scripts/run"]
    # Tests that run in the background ignore SIGINT, and a shell cannot trap what was ignored when it began.
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(words, cwd=_ROOT, stdout=subprocess.DEVNULL, preexec_fn=heard) as shell:
        child = _until(lambda: (tmp_path / "pid").read_text())
        shell.send_signal(signal.SIGINT)
        assert shell.wait(timeout=30) == 130
        _until(lambda: _ended(int(child)))


def _ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"  # nobody collected it yet
    except (FileNotFoundError, ProcessLookupError):
        return True


def _until(ask: Callable[[], _T]) -> _T:
    """Return the first answer of `ask` that is true; an absent file is no answer yet."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):
            if answer := ask():
                return answer
        time.sleep(0.02)
    raise AssertionError("it did not happen within 30 s")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine without libsystemd and a person who is not root; what is called is written to `calls`."""
    for name, body in {
        "id": "echo 1000",
        "pkg-config": "exit 1",
        "sudo": f'echo "sudo $*" >>{tmp_path}/calls; if [ "$1" != -n ] && [ "$1" != -v ]; then "$@"; fi',
        "apt-get": f'echo "apt-get $* ($DEBIAN_FRONTEND)" >>{tmp_path}/calls',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def test_missing_packages_are_named_before_they_are_installed_with_sudo(machine: Path) -> None:
    done = _bash("ensure_system_packages python3", PATH=f"{machine}:{os.environ['PATH']}")
    assert done.returncode == 0
    assert "libsystemd-dev" in done.stdout.splitlines()[0]
    installing = [line for line in (machine / "calls").read_text().splitlines() if line.startswith("apt-get")]
    assert installing[0] == "apt-get -q update (noninteractive)"
    assert installing[1].startswith("apt-get -q install -y --no-install-recommends ")
    assert installing[1].endswith("libsystemd-dev (noninteractive)")


def test_who_may_not_install_reads_what_to_type_and_goes_on(machine: Path) -> None:
    (machine / "sudo").write_text("#!/bin/sh\nexit 1\n")
    done = _bash("ensure_system_packages python3", PATH=f"{machine}:{os.environ['PATH']}")
    assert done.returncode == 0
    assert "as root: apt-get install" in done.stdout
    assert not (machine / "calls").exists()


def test_help_is_the_comment_at_the_top_and_sets_nothing_up() -> None:
    for name in ("test", "bench", "browser", "lint", "engine", "lock", "fresh-check"):
        done = subprocess.run([_ROOT / "scripts" / name, "--help"], capture_output=True, text=True, check=True, cwd="/")
        top = (_ROOT / "scripts" / name).read_text("utf-8").splitlines()[1]
        assert done.stdout.splitlines()[0] == top.removeprefix("# ")
        assert "[" + name + "]" not in done.stdout


def test_what_is_there_for_the_browser_and_the_networks_is_not_installed_again(machine: Path) -> None:
    for name in ("chromium", "certutil", "ip", "avahi-daemon", "avahi-publish-service", "dbus-daemon"):
        (machine / name).write_text("#!/bin/sh\n")
        (machine / name).chmod(0o755)
    done = _bash("ensure_network_tools; ensure_browser", PATH=f"{machine}:{os.environ['PATH']}")
    assert "avahi" not in done.stdout
    assert "chromium" not in done.stdout
    (machine / "chromium").unlink()
    # Only what this machine of the test has is looked at, so that a browser of the host does not count.
    searched = f"{machine}:{_only(machine, 'bash', 'env', 'mktemp', 'sleep', 'rm', 'tail', 'cat')}"
    done = _bash("ensure_browser", PATH=searched)
    assert "chromium" in done.stdout.splitlines()[0]


def _only(machine: Path, *names: str) -> Path:
    """Return a folder of links to these programs alone."""
    folder = machine / "bin"
    folder.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return folder
