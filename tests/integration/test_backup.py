"""Sealed backups of a running box, and the box that they make of another machine."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tarfile
from pathlib import Path

import pytest

from appliance.storage.age import Identity, open_sealed
from appliance.storage.copies.unfinished import UNFINISHED
from tests.integration.box import no_engine
from tests.integration.gateway_process import GatewayProcess

_PICTURE = b"GIF89a" + b"\0" * 64


def _box(folder: Path, tmp_path: Path, **environ: str) -> GatewayProcess:
    return GatewayProcess(folder, **no_engine(tmp_path), **environ)


def _identity(gateway: GatewayProcess) -> str:
    return str(gateway.call("gateway.identity.get")["deviceId"])


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """A backup of a box that had a conversation, made while it ran, and what is known of that box."""
    tmp_path = tmp_path_factory.mktemp("old")
    file, key = tmp_path / "box.age", tmp_path / "key.txt"
    with _box(tmp_path / "state", tmp_path) as box:
        assert box.homarus("ask", "--session", "trip", "tell me about whales").returncode == 0
        (box.state / "workspace").mkdir(exist_ok=True)
        (box.state / "workspace/notes.md").write_text("remember")
        (box.state / "workspace/outside").symlink_to("/etc/passwd")
        (box.state / "models/large.gguf").write_bytes(b"GGUF")
        made = box.homarus("backup", "key", str(key), "--json")
        assert made.returncode == 0, made.stderr
        recipient = json.loads(made.stdout)["recipient"]
        done = box.homarus("backup", "create", str(file), "--recipient", recipient, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["models"] == ["large.gguf"]
        assert list((box.state / "backups/taken").iterdir()) == [], "the copy for packing is gone"
        facts = {"file": file, "key": key, "identity": _identity(box), "recipient": recipient, "state": box.state}
    return facts


def test_a_backup_holds_the_box_and_neither_models_nor_what_links_lead_to(sealed: dict[str, object]) -> None:
    key = Identity.parse(Path(str(sealed["key"])).read_text())
    with Path(str(sealed["file"])).open("rb") as raw, tarfile.open(fileobj=open_sealed(raw, [key]), mode="r|gz") as tar:
        names = [member.name for member in tar]
    assert (names[0], names[-1]) == ("homarus-backup.json", "homarus-contents.json")
    assert {"homarus.sqlite", "device.key", "workspace/notes.md"} <= set(names)
    assert not [name for name in names if "gguf" in name or "outside" in name or "journal" in name or "log" in name]
    assert Path(str(sealed["file"])).stat().st_mode & 0o777 == 0o600
    assert b"whales" not in Path(str(sealed["file"])).read_bytes()


def test_verify_opens_it_as_a_gateway_would(sealed: dict[str, object], tmp_path: Path) -> None:
    box = _box(tmp_path / "elsewhere", tmp_path)
    done = box.homarus("backup", "verify", str(sealed["file"]), "--identity", str(sealed["key"]), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["messages"], told["sessions"], told["models"]) == (2, 1, ["large.gguf"])


def test_a_changed_a_cut_off_and_a_foreign_backup_are_refused_and_nothing_changes(
    sealed: dict[str, object], tmp_path: Path
) -> None:
    box = _box(tmp_path / "state", tmp_path)
    (box.state / "device.key").write_bytes(b"mine")
    content = bytearray(Path(str(sealed["file"])).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "changed.age").write_bytes(content)
    (tmp_path / "cut.age").write_bytes(Path(str(sealed["file"])).read_bytes()[:-10])
    (tmp_path / "other.txt").write_text(str(Identity.generate()))
    for file, key, word in (
        (tmp_path / "changed.age", sealed["key"], "changed or cut off"),
        (tmp_path / "cut.age", sealed["key"], "changed or cut off"),
        (sealed["file"], tmp_path / "other.txt", "--identity"),
    ):
        done = box.homarus("backup", "restore", str(file), "--identity", str(key), "--yes")
        assert (done.returncode, word in done.stderr) == (1, True), done.stderr
        assert "Traceback" not in done.stderr
    assert (box.state / "device.key").read_bytes() == b"mine"
    assert not [path for path in box.state.iterdir() if path.name.startswith(("before-restore", ".restoring"))]


def test_another_machine_becomes_the_box(sealed: dict[str, object], tmp_path: Path) -> None:
    new = _box(tmp_path / "new", tmp_path)
    with new:
        before = _identity(new)
        held = new.homarus("backup", "restore", str(sealed["file"]), "--identity", str(sealed["key"]), "--yes")
        assert held.returncode == 7, held.stderr
    done = new.homarus("backup", "restore", str(sealed["file"]), "--identity", str(sealed["key"]), "--yes")
    assert done.returncode == 0, done.stderr
    assert "Do not start the old one" in done.stdout
    new.start()
    try:
        assert _identity(new) == sealed["identity"] != before
        assert "tell me about whales" in new.homarus("sessions", "show", "trip").stdout
        assert (new.state / "workspace/notes.md").read_text() == "remember"
    finally:
        new.stop()
    (aside,) = new.state.glob("before-restore-*")
    assert (aside / "device.key").exists()
    assert (aside / "homarus.sqlite").exists()


def test_a_passphrase_from_the_environment_serves_scripts(tmp_path: Path) -> None:
    box = _box(tmp_path / "state", tmp_path, HOMARUS_BACKUP_PASSPHRASE="correct horse battery")
    with box:
        assert box.homarus("ask", "tell me about whales").returncode == 0
    (tmp_path / "to").mkdir()
    done = box.homarus("backup", "create", str(tmp_path / "to"), "--json")
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "to").iterdir()
    assert box.homarus("backup", "verify", str(file)).returncode == 0
    box.environ["HOMARUS_BACKUP_PASSPHRASE"] = "another horse battery"
    wrong = box.homarus("backup", "verify", str(file))
    assert (wrong.returncode, "passphrase is wrong" in wrong.stderr) == (1, True)
    box.environ["HOMARUS_BACKUP_PASSPHRASE"] = "too short"
    assert box.homarus("backup", "create", str(tmp_path / "to")).returncode == 2
    del box.environ["HOMARUS_BACKUP_PASSPHRASE"]
    nobody = box.homarus("backup", "create", str(tmp_path / "to"))
    assert (nobody.returncode, "--passphrase" in nobody.stderr) == (2, True)


def test_a_backup_of_a_newer_version_is_refused_with_a_clear_word(tmp_path: Path) -> None:
    box = _box(tmp_path / "state", tmp_path, HOMARUS_BACKUP_PASSPHRASE="correct horse battery")
    with box:
        pass
    connection = sqlite3.connect(box.state / "homarus.sqlite")
    connection.execute(
        "INSERT INTO migrations (migration_set, name, applied_at) VALUES ('homarus', 'future:0001_more', '2030')"
    )
    connection.commit()
    connection.close()
    file = tmp_path / "newer.age"
    assert box.homarus("backup", "create", str(file)).returncode == 0
    shutil.rmtree(box.state)
    box.state.mkdir()
    done = box.homarus("backup", "restore", str(file), "--yes")
    assert (done.returncode, "update this box first" in done.stderr) == (1, True), done.stderr
    assert not (box.state / "homarus.sqlite").exists()


def test_a_gateway_does_not_start_on_half_a_restore(tmp_path: Path) -> None:
    box = _box(tmp_path / "state", tmp_path)
    (box.state / UNFINISHED).write_bytes(b"")
    done = box.homarus("run", "--no-chat", "--port", "0")
    assert (done.returncode, "backup restore" in done.stderr) == (78, True)
