"""The gateway of the system around work on its files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.host.running.commands import run_command
from appliance.host.running.systemctl import GATEWAY, SYSTEM_STATE, Service, ServiceError


class _Systemd:
    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.asked: list[list[str]] = []

    def __call__(self, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.asked.append(list(argv[1:]))
        return subprocess.CompletedProcess(argv, self.statuses.pop(0), "", "")


def test_a_service_that_runs_is_stopped_and_started_again() -> None:
    systemd = _Systemd(0, 0, 0)
    service = Service(GATEWAY, systemd)
    assert service.stop() is True
    service.start()
    assert [line[0] for line in systemd.asked] == ["is-active", "stop", "start"]


def test_one_that_does_not_run_is_left_alone() -> None:
    assert Service(GATEWAY, _Systemd(3)).stop() is False


def test_one_that_does_not_stop_is_told() -> None:
    with pytest.raises(ServiceError, match="does not stop"):
        Service(GATEWAY, _Systemd(0, 1)).stop()
    with pytest.raises(ServiceError, match="does not start"):
        Service(GATEWAY, _Systemd(1)).start()


def test_without_systemd_nothing_runs() -> None:
    def absent(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return run_command([f"/nonexistent/{argv[0]}"])

    assert Service(GATEWAY, absent).stop() is False
    with pytest.raises(ServiceError, match="/nonexistent/systemctl does not run: No such file or directory"):
        Service(GATEWAY, absent).start()


def test_only_root_and_only_the_state_of_the_system_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert Service.of_the_system(SYSTEM_STATE) is not None
    assert Service.of_the_system(tmp_path) is None
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert Service.of_the_system(SYSTEM_STATE) is None
