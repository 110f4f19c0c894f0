"""Root keeps the copy; what lies in the gateway's own folder is touched as the gateway's user."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.updates.trial.decide import Step
from tests.unit.updates.trial.box import NEW, OLD, Box, say

_GATEWAY = 4242
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    box = Box(tmp_path)
    box.places.state.mkdir(parents=True)
    # Folders of tests are private to root: the gateway's user has to get through them.
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o777 == 0o700:
            folder.chmod(0o711)
    box.boot(OLD)
    box.run(OLD, say(1, "hello"))
    (box.places.state / "gateway.token").write_text("token\n")
    for path in (box.places.state, *box.places.state.rglob("*")):
        os.chown(path, _GATEWAY, _GATEWAY)
    return box


def _owners(folder: Path) -> set[int]:
    return {path.lstat().st_uid for path in (folder, *folder.rglob("*"))}


def _run(box: Box, *statements: str) -> None:
    os.setegid(_GATEWAY)
    os.seteuid(_GATEWAY)
    try:
        box.run(NEW, *statements)
    finally:
        os.seteuid(0)
        os.setegid(0)


def test_the_copy_is_roots_and_the_state_stays_the_gateways(box: Box) -> None:
    box.boot(NEW)
    assert _owners(box.places.before) == {0}
    assert box.places.before.stat().st_mode & 0o777 == 0o700
    _run(box, say(2, "two"))
    assert box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    assert _owners(box.places.state) == {_GATEWAY}
    assert box.texts() == ["hello", "two"]


def test_records_can_be_read_by_the_gateways_group_and_changed_by_root_only(box: Box) -> None:
    mask = os.umask(0o077)  # as in the unit
    try:
        box.boot(NEW)
        trial = box.places.trial.stat()
        box.boot(OLD)
    finally:
        os.umask(mask)
    folder, told = box.places.reports, box.places.reports / "0001.json"
    found = [(one.st_uid, one.st_gid, one.st_mode & 0o777) for one in (trial, folder.stat(), told.stat())]
    assert found == [(0, _GATEWAY, 0o640), (0, _GATEWAY, 0o750), (0, _GATEWAY, 0o640)]


def test_a_link_that_a_faulty_gateway_left_leads_root_nowhere(box: Box, tmp_path: Path) -> None:
    secret = tmp_path / "roots"
    secret.mkdir(mode=0o700)
    (secret / "device.key").write_text("root's own")
    box.boot(NEW)
    _run(box)
    state = box.places.state
    (state / "gateway.token").unlink()
    (state / "gateway.token").symlink_to(secret / "device.key")
    box.places.aside("0001").symlink_to(secret)
    assert box.boot(OLD).steps == (Step.RETURN, Step.NOTHING)
    assert (state / "gateway.token").read_text() == "token\n"
    assert [path.name for path in secret.iterdir()] == ["device.key"]
    assert (secret / "device.key").read_text() == "root's own"
