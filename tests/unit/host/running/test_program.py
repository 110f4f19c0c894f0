"""The program as another process of itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from appliance.host.running.program import command, environment


def test_it_starts_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        command("--version"),
        cwd=tmp_path,
        env=environment({"PATH": os.environ["PATH"]}),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout.startswith("homarus")) == (0, True)


def test_what_systemd_told_the_parent_is_not_for_the_child() -> None:
    variables = environment({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "1", "PYTHONPATH": "/opt/x", "A": "b"}, C="d")
    assert (variables["A"], variables["C"], variables["PYTHONPATH"].endswith(":/opt/x")) == ("b", "d", True)
    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC"} & variables.keys()
