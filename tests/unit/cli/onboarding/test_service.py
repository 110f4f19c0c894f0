"""`--install-daemon`: what is written, what is run, in which order, and what is said where it cannot work."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.cli.onboarding import service
from appliance.cli.onboarding.service import GROUP, UNIT, USER, Place, ServiceError, install
from appliance.cli.session import CliSession, session_from
from appliance.client.errors import GatewayAway


class FakeManager:
    """Stands for systemctl and its like: remembers what it was asked, answers as a manager in that state would."""

    def __init__(self, *, active: bool = False, failing: str = "", version: int = 257) -> None:
        self._version = version
        self.asked: list[str] = []
        self._active = active
        self._failing = failing

    def __call__(self, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        line = shlex.join(argv)
        self.asked.append(line)
        if self._failing and self._failing in line:
            return subprocess.CompletedProcess(argv, 1, "", "Job failed.\nSee the journal.\n")
        if line == "systemctl --version":
            return subprocess.CompletedProcess(argv, 0, f"systemd {self._version} ({self._version}.1-1)\n+PAM\n", "")
        if " is-active " in line:
            return subprocess.CompletedProcess(argv, 0 if self._active else 3, "", "")
        if " restart " in line:
            self._active = True
        return subprocess.CompletedProcess(argv, 0, "", "")

    @property
    def done(self) -> list[str]:
        """What changed something."""
        looks = ("is-active", "show-environment", "--version")
        return [line for line in self.asked if not any(look in line for look in looks)]

    def call(self, cli: CliSession, method: str, params: object = None, *, timeout_s: float = 0) -> dict[str, bool]:
        if not self._active:
            raise GatewayAway("nobody")
        return {"ok": True}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def said() -> list[str]:
    return []


def _cli(root: Path, **environ: str) -> CliSession:
    named = {"HOME": str(root / "home"), **environ}
    return session_from(named, url=None, token=None, password=None, as_json=False)


def _files(root: Path) -> list[Path]:
    return [path for path in (root / "etc").rglob("*") if path.is_file()]


def _user(root: Path) -> Place:
    return Place(False, root / "home/.config/systemd/user", root)


def _system(root: Path) -> Place:
    return Place(True, root / "etc/systemd/system", root)


def _install(
    root: Path, place: Place, manager: FakeManager, said: list[str], monkeypatch: pytest.MonkeyPatch, **environ: str
) -> CliSession:
    monkeypatch.setattr(CliSession, "call", lambda cli, *rest, **named: manager.call(cli, *rest, **named))
    monkeypatch.setattr(service, "_needs_reach", lambda: None)  # the checkout of a test may lie in a home folder
    monkeypatch.setattr(service.shutil, "which", lambda name: f"/usr/bin/{name}")
    return install(_cli(root, **environ), said.append, place=place, run=manager)


def test_without_root_it_is_a_unit_of_this_person_that_runs_without_a_login(
    root: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, manager = _user(root), FakeManager()
    served = _install(root, place, manager, said, monkeypatch)
    assert place.unit.read_text() == (service.CODE / "systemd/user" / UNIT).read_text()
    assert f'ExecStart="{sys.executable}" -P -m appliance gateway-process' in place.drop_in.read_text()
    assert manager.done[:3] == [
        "systemctl --user daemon-reload",
        f"systemctl --user enable {UNIT}",
        f"systemctl --user restart {UNIT}",
    ]
    assert manager.done[3].startswith("loginctl enable-linger ")
    assert served.paths.root == root / "home/.homarus"
    assert said[0] == f"wrote {place.unit}"
    assert said[-1].startswith("it answers")


def test_a_second_time_changes_nothing(root: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    place = _user(root)
    _install(root, place, FakeManager(), [], monkeypatch)
    manager = FakeManager(active=True)
    _install(root, place, manager, said, monkeypatch)
    assert not [line for line in manager.done if "restart" in line or "reload" in line]
    assert said[0] == f"{place.unit} is as it should be"


def test_another_place_of_the_program_is_taken_over_with_a_restart(
    root: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = _user(root)
    _install(root, place, FakeManager(), [], monkeypatch)
    place.drop_in.write_text("old")
    manager = FakeManager(active=True)
    _install(root, place, manager, said, monkeypatch)
    assert f"systemctl --user restart {UNIT}" in manager.done
    assert said[:2] == [f"wrote {place.drop_in}", f"enabled {UNIT}: it starts with your session"]


def test_a_state_elsewhere_stays_there(root: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    place = _user(root)
    elsewhere = str(root / "my 100% box")
    served = _install(root, place, FakeManager(), said, monkeypatch, HOMARUS_STATE_DIR=elsewhere)
    assert f'Environment="HOMARUS_STATE_DIR={elsewhere.replace("%", "%%")}"' in place.drop_in.read_text()
    assert served.paths.root == Path(elsewhere)


def test_as_root_it_makes_the_user_and_the_group_first(
    root: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(service.grp, "getgrnam", nobody)
    place, manager = _system(root), FakeManager()
    served = _install(root, place, manager, said, monkeypatch)
    assert manager.done[0] == f"systemd-sysusers {root}/etc/sysusers.d/homarus.conf"
    assert manager.done[1:] == [
        f"systemd-tmpfiles --create {root}/etc/tmpfiles.d/homarus.conf",
        "systemctl daemon-reload",
        f"systemctl enable homarus-engine.socket homarus-worker.socket {UNIT} homarus.target",
        f"systemctl restart homarus-engine.socket homarus-worker.socket {UNIT} homarus.target",
    ]
    assert served.paths.control_socket == root / "var/lib/homarus/run/gateway.sock"
    assert f"g {GROUP} -" in (root / "etc/sysusers.d/homarus.conf").read_text()
    assert f"the user {USER} and the group {GROUP}" in said[1]


def test_the_whole_machine_gets_slices_sandboxes_and_where_each_program_lies(
    root: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = _system(root)
    _install(root, place, FakeManager(), said, monkeypatch)
    for name in ("homarus.target", "homarus-engine.slice", "homarus-engine@.service", "homarus-engine.socket"):
        assert (place.units / name).read_text() == (service.CODE / "systemd" / name).read_text()
    drop_in = (place.units / "homarus-engine@.service.d/10-install.conf").read_text()
    assert f'ExecStart=\nExecStart="{sys.executable}" -P -S -m appliance.supervisor.launcher engine\n' in drop_in
    assert f'Environment="HOMARUS_ENGINE_DIR={service.CODE / ".venv-engine"}"' in drop_in
    assert (place.units / "homarus-.service.d/10-hardening.conf").exists()
    assert (place.units / "homarus-node.service.d/10-hardening.conf").exists(), "a node is not for that block"
    assert not list(place.units.glob("homarus-host*")), "nothing of a machine that is not ours is asked of root"
    assert not list(place.units.glob("homarus-update*"))
    assert said[0] == f"wrote {len(_files(root))} files of the service, most of them into {place.units}"


def test_no_unit_of_a_machine_names_one_that_only_the_image_has(
    root: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(root, _system(root), FakeManager(), said, monkeypatch)
    there = {path.name for path in _files(root)}
    for path in _files(root):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        named = set(re.findall(r"homarus[\w@-]*\.(?:service|socket|slice|target|timer)", "\n".join(lines)))
        assert named <= there, path


@pytest.mark.parametrize(("version", "there"), [(252, False), (254, True)])
def test_what_an_older_systemd_does_not_know_is_left_out(
    root: Path, said: list[str], monkeypatch: pytest.MonkeyPatch, version: int, there: bool
) -> None:
    place = _system(root)
    _install(root, place, FakeManager(version=version), said, monkeypatch)
    assert (place.units / f"{UNIT}.d/20-credentials.conf").exists() is there
    assert (place.units / f"{UNIT}.d/20-network.conf").exists()


def test_the_machine_changes_nothing_a_second_time_and_drops_what_is_of_an_older_version(
    root: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = _system(root)
    _install(root, place, FakeManager(version=254), [], monkeypatch)
    before = {path: path.stat().st_mtime_ns for path in _files(root)}
    manager = FakeManager(active=True, version=254)
    _install(root, place, manager, said, monkeypatch)
    assert {path: path.stat().st_mtime_ns for path in _files(root)} == before
    assert not [line for line in manager.done if "restart" in line or "reload" in line]
    mine = place.units / f"{UNIT}.d/30-mine.conf"
    mine.write_text("# the owner's\n")
    manager = FakeManager(active=True, version=252)  # as if a file were gone from this version
    _install(root, place, manager, said, monkeypatch)
    assert f"removed {place.units / UNIT}.d/20-credentials.conf, of an older version" in said
    assert mine.exists()
    assert [line for line in manager.done if "restart" in line]


def test_the_unit_of_an_image_is_used_as_it_is(root: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = root / "usr/lib/systemd/system" / UNIT
    shipped.parent.mkdir(parents=True)
    shipped.write_text("[Service]\n")
    place = _system(root)
    _install(root, place, FakeManager(), said, monkeypatch)
    assert not place.unit.exists()
    assert f"{shipped} is as it should be" in said


def test_without_systemd_it_says_what_to_do_instead(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ServiceError, match=r"does not run systemd.*gateway-process.*homarus onboard"):
        _install(tmp_path, _user(tmp_path), FakeManager(), said, monkeypatch)
    assert said == []


def test_a_manager_of_the_person_that_does_not_answer_is_told_from_systemd(
    root: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ServiceError, match="log in as this user"):
        _install(root, _user(root), FakeManager(failing="show-environment"), said, monkeypatch)


def test_a_gateway_in_a_window_is_in_the_way(root: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    manager = FakeManager()
    monkeypatch.setattr(FakeManager, "call", lambda *_, **__: {"ok": True})
    with pytest.raises(ServiceError, match="outside of systemd"):
        _install(root, _user(root), manager, said, monkeypatch)
    assert manager.done == []


def test_a_service_that_does_not_start_names_its_journal(
    root: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ServiceError, match=rf"See the journal.*journalctl --user -u {UNIT}"):
        _install(root, _user(root), FakeManager(failing="restart"), said, monkeypatch)


def test_where_lingering_is_not_allowed_it_says_so_and_goes_on(
    root: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(root, _user(root), FakeManager(failing="loginctl"), said, monkeypatch)
    assert any(line.startswith("it ends when you log out; `sudo loginctl enable-linger") for line in said)


def test_a_program_in_a_home_folder_is_no_service_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "CODE", Path("/var/tmp/homarus"))
    with pytest.raises(ServiceError, match="/opt/homarus"):
        service._needs_reach()
