"""`homarus uninstall`: nothing stays but the data; the data goes only with a yes."""

from __future__ import annotations

import getpass
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.cli.onboarding import removal, service
from appliance.cli.onboarding.removal import Removed, uninstall
from appliance.cli.onboarding.service import UNIT, Place, ServiceError
from appliance.cli.onboarding.units import wanted
from appliance.storage.errors import StateHeldError
from appliance.storage.lock import StateLock


class _Manager:
    """Remembers what was run."""

    def __init__(self, absent: str = "") -> None:
        self.done: list[str] = []
        self.absent = absent

    def __call__(self, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.done.append(shlex.join(argv))
        return subprocess.CompletedProcess(argv, 127 if argv[0] == self.absent else 0, "", "")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    monkeypatch.setattr(removal.shutil, "which", lambda name: f"/usr/bin/{name}")
    return tmp_path


@pytest.fixture
def said() -> list[str]:
    return []


def _installed(place: Place, root: Path) -> Path:
    """Write what an install writes, and a state; return the state."""
    for path, text in wanted({}, place, 257).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    state = root / "state"
    state.mkdir()
    (state / "homarus.sqlite").write_text("everything it knows")
    return state


def _system(root: Path) -> Place:
    return Place(True, root / "etc/systemd/system", root)


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if not path.is_dir() or path.is_symlink()]


def test_nothing_of_the_machines_service_stays_but_the_data(root: Path, said: list[str]) -> None:
    place, manager = _system(root), _Manager()
    state = _installed(place, root)
    for name in ("run/homarus-engine", "run/homarus-spawn", "var/cache/homarus"):
        (root / name).mkdir(parents=True)
    (root / "usr/local/bin").mkdir(parents=True)
    (root / "usr/local/bin/homarus").symlink_to(service.CODE / ".venv/bin/homarus")
    assert uninstall({}, place, state, said.append, run=manager) == Removed(state, False)
    assert _files(root) == [state / "homarus.sqlite"]
    assert not [path for path in root.rglob("homarus*") if path.is_dir()]
    assert manager.done == [
        f"systemctl disable --now {UNIT} homarus-engine.socket homarus-worker.socket homarus.target",
        "systemctl stop 'homarus-engine@*.service' 'homarus-worker@*.service' homarus.slice",
        "systemctl daemon-reload",
        "systemctl reset-failed",
    ]
    assert said[-1].startswith("the program stays in ")


def test_one_persons_service_goes_too(root: Path, said: list[str]) -> None:
    place, manager = Place(False, root / "home/.config/systemd/user", root), _Manager()
    state = _installed(place, root)
    uninstall({}, place, state, said.append, run=manager)
    assert _files(root) == [state / "homarus.sqlite"]
    assert manager.done[0] == f"systemctl --user disable --now {UNIT}"
    assert not [line for line in said if "linger" in line]
    lingering = root / "var/lib/systemd/linger" / getpass.getuser()
    lingering.parent.mkdir(parents=True)
    lingering.touch()
    uninstall({}, place, state, said.append, run=manager)
    assert [line for line in said if "loginctl disable-linger" in line]


def test_a_second_time_finds_nothing_and_says_so(root: Path, said: list[str]) -> None:
    manager = _Manager()
    uninstall({}, _system(root), root / "nowhere", said.append, run=manager)
    assert manager.done == []
    assert said[0] == "no service is installed here"


def test_what_the_owner_wrote_beside_it_stays(root: Path, said: list[str]) -> None:
    place = _system(root)
    state = _installed(place, root)
    mine = place.units / f"{UNIT}.d/30-mine.conf"
    mine.write_text("# the owner's\n")
    other = root / "usr/local/bin/homarus"
    other.parent.mkdir(parents=True)
    other.symlink_to("/elsewhere/homarus")
    uninstall({}, place, state, said.append, run=_Manager())
    assert sorted(_files(root)) == sorted([mine, other, state / "homarus.sqlite"])


def test_the_copy_of_the_program_that_an_install_made_goes(root: Path, said: list[str]) -> None:
    program = root / "opt/homarus"
    program.mkdir(parents=True)
    (program / removal.MARK).write_text("")
    (program / "appliance").mkdir()
    uninstall({}, _system(root), root / "nowhere", said.append, run=_Manager())
    assert not program.exists()


def test_the_data_goes_with_a_yes_and_its_user_with_it(root: Path, said: list[str]) -> None:
    place, manager, asked = _system(root), _Manager(), []

    def sure(state: Path) -> bool:
        asked.append(state)
        return True

    state = _installed(place, root)
    assert uninstall({}, place, state, said.append, purge=sure, run=manager).purged
    assert asked == [state]
    assert not state.exists()
    assert manager.done[-3:] == ["userdel homarus", "groupdel homarus", "groupdel homarus-admin"]


def test_where_no_user_can_be_removed_that_is_said(root: Path, said: list[str]) -> None:
    place = _system(root)
    state = _installed(place, root)
    uninstall({}, place, state, said.append, purge=lambda state: True, run=_Manager(absent="userdel"))
    assert not [line for line in said if line.startswith("removed the user")]
    assert [line for line in said if "passwd" in line]


def test_data_that_somebody_works_on_stays(root: Path, said: list[str]) -> None:
    place = _system(root)
    state = _installed(place, root)
    lock = StateLock.acquire(state / "gateway.lock", now_ms=0)
    try:
        with pytest.raises(StateHeldError):
            uninstall({}, place, state, said.append, purge=lambda state: True, run=_Manager())
    finally:
        lock.release()
    assert (state / "homarus.sqlite").exists()


def test_a_folder_that_is_no_state_is_never_removed(root: Path, said: list[str]) -> None:
    home = root / "home"
    home.mkdir()
    (home / "photos").mkdir()
    with pytest.raises(ServiceError, match="does not look like"):
        uninstall({}, _system(root), home, said.append, purge=lambda state: True, run=_Manager())
    assert (home / "photos").exists()


def test_an_image_is_not_uninstalled(root: Path, said: list[str]) -> None:
    shipped = root / "usr/lib/systemd/system" / UNIT
    shipped.parent.mkdir(parents=True)
    shipped.write_text("[Service]\n")
    with pytest.raises(ServiceError, match="homarus reset"):
        uninstall({}, _system(root), root / "state", said.append, run=_Manager())
    assert shipped.exists()
