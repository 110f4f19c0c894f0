"""The node as a service: the unit is good, systemd is told in order, and without systemd that is said."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.nodehost.service import NAME, Service, ServiceError

_TOOL = """#!/bin/sh
echo "$(basename "$0") $*" >>"$HOME/told"
case "$*" in *is-active*) echo active ;; *"$BREAKS"*) echo "no such bus" >&2; exit 1 ;; esac
"""


def service(tmp_path: Path, *, system: bool = False, booted: bool = True, breaks: str = "nothing") -> Service:
    tools, root = tmp_path / "bin", tmp_path / "root"
    for folder in (tools, root / "run/systemd/system" if booted else root):
        folder.mkdir(parents=True)
    for name in ("systemctl", "loginctl"):
        (tools / name).write_text(_TOOL)
        (tools / name).chmod(0o755)
    environ = {"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(tmp_path), "BREAKS": breaks}
    return Service(tmp_path / "a $state 100%", environ, system=system, root=root)


def told(tmp_path: Path) -> list[str]:
    return (tmp_path / "told").read_text().splitlines()


@pytest.mark.parametrize("system", [False, True])
def test_it_is_written_enabled_started_and_removed(tmp_path: Path, system: bool) -> None:
    one = service(tmp_path, system=system)
    assert one.state_now() == "not installed"
    done = one.install()
    user = "" if system else "--user "
    steps = [f"systemctl {user}{words}" for words in ("daemon-reload", f"enable {NAME}", f"restart {NAME}")]
    assert told(tmp_path) == steps + ([] if system else ["loginctl enable-linger"])
    assert ("as root" in done[1]) is system
    assert one.file.stat().st_mode & 0o777 == 0o644
    assert one.state_now() == "active"
    assert one.uninstall()
    assert not one.file.exists()
    assert told(tmp_path)[-2:] == [f"systemctl {user}disable --now {NAME}", f"systemctl {user}daemon-reload"]
    assert not one.uninstall()


def test_without_systemd_nothing_is_written_and_the_command_is_named(tmp_path: Path) -> None:
    one = service(tmp_path, booted=False)
    with pytest.raises(ServiceError, match=r"systemd does not run.*appliance\.nodehost run"):
        one.install()
    assert not one.file.exists()
    assert one.state_now() == "no systemd"


def test_what_systemd_says_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"no such bus.*journalctl --user"):
        service(tmp_path, breaks="enable").install()


def test_where_nobody_may_linger_the_command_is_named(tmp_path: Path) -> None:
    assert "loginctl enable-linger" in service(tmp_path, breaks="enable-linger").install()[1]


@pytest.mark.parametrize("system", [False, True])
def test_the_unit_is_one_that_systemd_takes(tmp_path: Path, system: bool) -> None:
    text = service(tmp_path, system=system).text()
    assert f'ExecStart="{sys.executable}" -P -m appliance.nodehost run' in text
    assert f'Environment="HOMARUS_STATE_DIR={tmp_path}/a $state 100%%"' in text
    assert ("WantedBy=multi-user.target" if system else "WantedBy=default.target") in text
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("needs systemd-analyze")
    unit = tmp_path / NAME
    unit.write_text(text)
    done = subprocess.run(
        [analyze, "verify", "--man=no", unit], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
