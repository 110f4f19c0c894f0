"""Programs of the machine, and what becomes of one that is not there or does not end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from appliance.host.running.commands import last_line, reboot, run_command


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["sh", "-c", "echo out; echo one >&2; echo two. >&2; exit 3"], 3, "two"),
        (["sh", "-c", "echo out; exit 1"], 1, "out"),
        (["sh", "-c", "exit 5"], 5, "status 5"),
        (["sh", "-c", "printf '\\377'; exit 1"], 1, "\N{REPLACEMENT CHARACTER}"),
        (["/nonexistent/program"], 127, "/nonexistent/program does not run: No such file or directory"),
        (["/"], 127, "/ does not run: Permission denied"),
    ],
)
def test_what_a_program_said_last_is_part_of_a_sentence(argv: list[str], status: int, said: str) -> None:
    done = run_command(argv)
    assert (done.returncode, last_line(done)) == (status, said)


def test_a_program_that_does_not_end_is_ended() -> None:
    done = run_command([sys.executable, "-c", "import time; time.sleep(60)"], timeout_s=0.2)
    assert (done.returncode, done.stderr) == (124, f"{sys.executable} did not end within 0.2 seconds")


@pytest.mark.parametrize(
    ("refused", "force", "asked", "taken"),
    [
        ("", False, ["--no-block reboot"], True),
        ("--no-block", False, ["--no-block reboot"], False),
        ("", True, ["--no-block reboot"], True),
        ("--no-block", True, ["--no-block reboot", "--force reboot"], True),
        ("--", True, ["--no-block reboot", "--force reboot"], False),
    ],
)
def test_a_restart_goes_by_force_only_where_that_is_wanted(
    refused: str, force: bool, asked: list[str], taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/asked\ncase $1 in {refused or "none"}*) exit 1 ;; esac\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert reboot(force=force) is taken
    assert (tmp_path / "asked").read_text().splitlines() == asked
