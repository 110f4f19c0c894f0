"""Commands that root runs on the state of a gateway that may have been taken over: it gets at nothing of root's."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.backups.making import make
from appliance.cli.commands.doctor import report_of
from appliance.cli.main import main
from appliance.cli.session import CliSession, session_from
from appliance.cli.support.pieces import pieces
from appliance.cli.system import RootsGateway, leave_root
from appliance.client.errors import GatewayAway
from appliance.foundation.paths import StatePaths
from appliance.health.look import here
from appliance.storage.age import Identity, open_sealed
from appliance.storage.errors import StorageError

_CHECKOUT = Path(__file__).resolve().parents[3]
_GATEWAY = 4242
_SECRET = "root:$y$j9T$only-root-may-read-this"
Says = Callable[[Path], None]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    """A file of root's, in a folder of root's."""
    for folder in (tmp_path, *tmp_path.parents):  # the gateway's user has to get through the folders of tests
        if folder.stat().st_mode & 0o777 == 0o700:
            folder.chmod(0o711)
    folder = tmp_path / "roots"
    folder.mkdir(mode=0o755)
    (folder / "shadow").write_text(_SECRET)
    (folder / "shadow").chmod(0o600)
    return folder / "shadow"


@pytest.fixture
def cli(tmp_path: Path, roots: Path) -> CliSession:
    state = tmp_path / "state"
    for folder in (state, state / "backups"):
        folder.mkdir(mode=0o700)
        os.chown(folder, _GATEWAY, _GATEWAY)
    _database(state / "homarus.sqlite")
    session = session_from({}, url=None, token=None, password=None, as_json=False)
    return replace(session, paths=StatePaths(state, state / "homarus.json5"))


@pytest.fixture
def gateway_says(monkeypatch: pytest.MonkeyPatch) -> Says:
    """The gateway names this file as the copy that it made."""

    def says(copy: Path) -> None:
        told = {"path": str(copy), "box": "id", "name": "../../Kitchen", "version": "1"}

        def call(*_: Any, **__: Any) -> Any:
            return told

        monkeypatch.setattr(CliSession, "call", call)

    return says


def test_a_gateway_does_not_choose_which_file_root_removes(cli: CliSession, roots: Path, gateway_says: Says) -> None:
    gateway_says(roots)
    with pytest.raises((StorageError, OSError)):
        make(cli, cli.paths.root.parent / "out.age", [Identity.generate().recipient], 1)
    assert roots.read_text() == _SECRET


def test_a_pipe_in_place_of_a_database_holds_up_no_backup(
    cli: CliSession, roots: Path, gateway_says: Says, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = cli.paths.root / "copy.sqlite"
    os.mkfifo(pipe)
    os.chown(pipe, _GATEWAY, _GATEWAY)
    gateway_says(pipe)
    key = [Identity.generate().recipient]
    with pytest.raises(StorageError, match="is no file"):
        make(cli, tmp_path, key, 1)

    def away(*_: Any, **__: Any) -> Any:
        raise GatewayAway("it does not run")

    monkeypatch.setattr(CliSession, "call", away)
    os.mkfifo(cli.paths.root / "homarus.sqlite-journal")
    with pytest.raises(StorageError, match="is no file"):
        make(cli, tmp_path, key, 1)


def test_a_backup_holds_nothing_that_only_root_may_read(
    cli: CliSession, roots: Path, gateway_says: Says, tmp_path: Path
) -> None:
    gateway_says(_database(cli.paths.root / "copy.sqlite"))
    (cli.paths.root / "workspace").symlink_to(roots.parent)
    key = Identity.generate()
    with pytest.raises(StorageError, match="shadow"):
        make(cli, tmp_path, [key.recipient], 1)
    assert list(tmp_path.glob("*.age*")) == []
    (cli.paths.root / "workspace").unlink()
    gateway_says(_database(cli.paths.root / "copy.sqlite"))  # the first was removed after its use
    file, _ = make(cli, tmp_path, [key.recipient], 1)
    assert file.name == "homarus-kitchen-19700101T000000Z.age"
    with file.open("rb") as raw:
        packed = io.BytesIO(gzip.decompress(io.BufferedReader(open_sealed(raw, [key])).read()))
    with tarfile.open(fileobj=packed) as archive:
        assert "homarus.sqlite" in archive.getnames()


def _database(path: Path) -> Path:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT)")
    connection.close()
    os.chown(path, _GATEWAY, _GATEWAY)
    return path


def test_a_bundle_for_whoever_helps_holds_nothing_that_only_root_may_read(cli: CliSession, roots: Path) -> None:
    cli.paths.logs.mkdir()
    os.chown(cli.paths.logs, _GATEWAY, _GATEWAY)
    (cli.paths.logs / "gateway.log").symlink_to(roots)
    cli.paths.config.symlink_to(roots)
    found = pieces(here(1, cli.paths.root), cli.paths, {}, log=True)
    assert not [name for name, text in found.items() if _SECRET in text]
    (cli.paths.logs / "gateway.log").unlink()
    os.mkfifo(cli.paths.logs / "gateway.log")
    assert "not there" in pieces(here(1, cli.paths.root), cli.paths, {}, log=True)["gateway.log"]


@pytest.fixture
def doctor(cli: CliSession, tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """What `sudo homarus doctor` and `sudo homarus support` find where no gateway answers."""
    (tmp_path / "warm").mkdir()
    warm = tmp_path / "warm"  # once for root, as in `sets_port`
    named = {"HOMARUS_STATE_DIR": str(cli.paths.root)}
    report_of(replace(cli, environ=named, paths=StatePaths(warm, warm / "homarus.json5"), here=True))
    return lambda: report_of(replace(cli, environ=named, here=True))


def _lead(link: Path, to: Path) -> None:
    link.parent.mkdir(exist_ok=True)
    os.chown(link.parent, _GATEWAY, _GATEWAY)
    link.symlink_to(to)


@pytest.mark.parametrize(
    "name",
    ["homarus.sqlite.damaged", "homarus.json5", "tls/leaf.json", "backups/exported.json", "device.key", "gateway.lock"],
)
def test_the_doctor_shows_nothing_that_only_root_may_read(
    cli: CliSession, roots: Path, doctor: Callable[[], dict[str, Any]], name: str
) -> None:
    _lead(cli.paths.root / name, roots)
    assert "only-root-may-read" not in json.dumps(doctor())
    assert roots.read_text() == _SECRET


def test_a_folder_that_is_a_link_shows_the_doctor_nothing_either(
    cli: CliSession, roots: Path, doctor: Callable[[], dict[str, Any]]
) -> None:
    _lead(cli.paths.root / "tls", roots.parent)
    leaf = roots.with_name("leaf.json")
    leaf.write_text('{"notBeforeMs": 1, "notAfterMs": 2}')
    leaf.chmod(0o600)
    assert "certificate" not in [one["code"] for one in doctor()["conditions"]]


@pytest.mark.parametrize(
    "name",
    [
        "homarus.sqlite.damaged",
        "homarus.sqlite-journal",
        "homarus.json5",
        "tls/leaf.json",
        "backups/exported.json",
        "gateway.lock",
        "run/gateway.json",
    ],
)
def test_a_pipe_in_the_state_holds_up_no_doctor(
    cli: CliSession, doctor: Callable[[], dict[str, Any]], name: str
) -> None:
    pipe = cli.paths.root / name
    pipe.parent.mkdir(exist_ok=True)
    os.mkfifo(pipe)
    os.chown(pipe, _GATEWAY, _GATEWAY)
    found: list[dict[str, Any]] = []
    look = threading.Thread(target=lambda: found.append(doctor()), daemon=True)
    look.start()
    look.join(20)
    if look.is_alive():  # let it go, so that its user is given back
        with contextlib.suppress(OSError):
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    assert found
    assert cli.running_facts() == {}


def test_a_mark_of_damage_is_told_once(cli: CliSession, doctor: Callable[[], dict[str, Any]]) -> None:
    (cli.paths.root / "homarus.sqlite").write_bytes(b"no database" * 1000)
    (cli.paths.root / "homarus.sqlite.damaged").write_text("disk I/O error")
    assert [one["code"] for one in doctor()["conditions"]].count("database") == 1


@pytest.fixture
def sets_port(tmp_path: Path, cli: CliSession, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """`sudo homarus config set` while the gateway does not run: the way back from a configuration that it refuses."""

    def run(state: Path) -> int:
        monkeypatch.setenv("HOMARUS_STATE_DIR", str(state))
        return main(["config", "set", "gateway.port", "18790"])

    # Once for root: the tests may run on a Python that lies where only root may read what is imported late.
    assert run(tmp_path / "warm") == 0
    return lambda: run(cli.paths.root)


def test_what_root_changes_stays_the_gateways_own(cli: CliSession, sets_port: Callable[[], int]) -> None:
    assert sets_port() == 0
    assert main(["config", "validate"]) == 0
    assert "".encode("utf-16-le") == b""  # loads what reads a text, as in `sets_port`
    assert main(["config", "set", "locale", "de"]) == 0
    assert main(["config", "unset", "locale"]) == 0
    assert [path for path in cli.paths.root.rglob("*") if path.stat().st_uid != _GATEWAY] == []
    assert "18790" in cli.paths.config.read_text()
    assert os.geteuid() == 0


def test_a_link_in_the_state_leads_a_change_to_no_file_of_roots(
    cli: CliSession, roots: Path, sets_port: Callable[[], int]
) -> None:
    cli.paths.config.symlink_to(roots)
    assert sets_port() != 0
    assert roots.read_text() == _SECRET


def test_a_gateway_that_root_starts_has_no_way_back_to_root(cli: CliSession, roots: Path) -> None:
    code = "import os, pathlib, sys; from appliance.cli.system import become_owner"
    after = "become_owner(pathlib.Path(sys.argv[1])); print(os.getresuid(), os.getresgid(), os.getgroups())"
    argv = [sys.executable, "-P", "-c", f"{code}; {after}", str(cli.paths.root)]
    done = subprocess.run(argv, env={"PYTHONPATH": str(_CHECKOUT)}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{(_GATEWAY,) * 3} {(_GATEWAY,) * 3} {[_GATEWAY]}"


def _may_run(cli: CliSession, tmp_path: Path, **environ: str) -> bool:
    """Whether root may run a gateway for a state directory that is not there yet."""
    named = replace(cli, environ=environ, paths=StatePaths(tmp_path / "new", tmp_path / "new/homarus.json5"))
    try:
        leave_root(named, tmp_path)
    except RootsGateway:
        return False
    assert os.geteuid() == 0
    return True


def test_root_runs_no_gateway_where_somebody_else_can(cli: CliSession, tmp_path: Path) -> None:
    named = {"HOMARUS_STATE_DIR": str(tmp_path / "new")}
    assert _may_run(cli, tmp_path)  # a container: there is nobody else
    assert not _may_run(cli, tmp_path, SUDO_UID="1000")
    assert _may_run(cli, tmp_path, SUDO_UID="0")
    assert _may_run(cli, tmp_path, SUDO_UID="1000", **named)
    (tmp_path / "var/lib/homarus").mkdir(parents=True)  # scripts/install was here
    assert not _may_run(cli, tmp_path)
    assert _may_run(cli, tmp_path, **named)
    (tmp_path / "usr/lib/homarus").mkdir(parents=True)
    (tmp_path / "usr/lib/homarus/box.json").write_text("{}")  # a flashed box
    assert not _may_run(cli, tmp_path, **named)


def test_a_node_of_root_has_no_way_back_that_looks_closed(cli: CliSession, monkeypatch: pytest.MonkeyPatch) -> None:
    users: list[tuple[int, int, int]] = []
    monkeypatch.setenv("HOMARUS_STATE_DIR", str(cli.paths.root))
    monkeypatch.setattr(os, "execve", lambda *_: users.append(os.getresuid()))
    assert main(["node", "status"]) == 0
    (user,) = users
    assert len(set(user)) == 1
