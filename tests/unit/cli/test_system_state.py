"""Which state a command about files means, and whose files it makes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.cli.session import CliSession, session_from
from appliance.cli.system import NotYours, as_owner, at_files

_NOBODY = 65534


def _session(environ: dict[str, str]) -> CliSession:
    return session_from(environ, url=None, token=None, password=None, as_json=False)


def test_the_own_state_comes_before_that_of_the_system(tmp_path: Path) -> None:
    system = tmp_path / "system"
    system.mkdir()
    environ = {"HOME": str(tmp_path / "home")}
    assert at_files(_session(environ), system).paths.root == system
    (tmp_path / "home/.homarus").mkdir(parents=True)
    assert at_files(_session(environ), system).paths.root == tmp_path / "home/.homarus"
    named = {**environ, "HOMARUS_STATE_DIR": str(tmp_path / "named")}
    assert at_files(_session(named), system).paths.root == tmp_path / "named"


def test_state_that_may_not_be_read_names_sudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(NotYours, match="sudo"):
        at_files(_session({"HOME": str(tmp_path / "home")}), tmp_path)


def test_a_file_of_the_owner_in_a_folder_of_the_owner_needs_no_change(tmp_path: Path) -> None:
    with as_owner(tmp_path):
        assert os.geteuid() == os.getuid()
    with as_owner(tmp_path / "missing"):
        assert os.geteuid() == os.getuid()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_makes_files_for_the_owner_of_the_state(tmp_path: Path) -> None:
    os.chown(tmp_path, _NOBODY, _NOBODY)
    groups = os.getgroups()
    with as_owner(tmp_path):
        assert os.geteuid() == _NOBODY
        descriptor = os.open(".", os.O_RDONLY)  # where the test runs may not be theirs to enter by name
        os.close(descriptor)
    assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, 0, groups)
