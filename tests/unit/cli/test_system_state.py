"""Which state a command about files means, and whose files it makes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.commands import config
from appliance.cli.main import main
from appliance.cli.session import CliSession, session_from
from appliance.cli.system import NotYours, as_owner, at_files
from appliance.client.errors import GatewayAway

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


@pytest.fixture
def not_mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A member of the admin group, who talks to the gateway of the system and may not look into its state."""

    def refused(cli: CliSession) -> CliSession:
        raise NotYours("run the same with sudo.")

    monkeypatch.delenv("HOMARUS_STATE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(config, "at_files", refused)
    return tmp_path


def test_an_admin_reads_the_configuration_through_the_gateway(
    not_mine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(*_: Any, **__: Any) -> Any:
        return {"config": {"gateway": {"port": 18790}}}

    monkeypatch.setattr(CliSession, "call", call)
    assert main(["config", "get", "gateway.port"]) == 0
    assert capsys.readouterr().out == "18790\n"


def test_an_admin_who_changes_it_while_no_gateway_runs_is_told_to_use_sudo(
    not_mine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(*_: Any, **__: Any) -> Any:
        raise GatewayAway("No gateway answers.")

    monkeypatch.setattr(CliSession, "call", call)
    assert main(["config", "set", "gateway.port", "18790"]) != 0
    assert "sudo" in capsys.readouterr().err
    assert list(not_mine.iterdir()) == []
