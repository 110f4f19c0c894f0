"""What its owner does with a box now and then: doctor, backup, support, and a reset that keeps nothing.

A machine of its own, booted once more than it restarts by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.box import Box, common
from tests.image.machine import Machine, fresh_disk
from tests.image.story import Built

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(1800)]
_PASSPHRASE = "correct horse battery"


@pytest.fixture(scope="module")
def _machine(built: Built, workshop: Path) -> Iterator[Machine]:
    machine = Machine(fresh_disk(built.image, workshop, "admin"), "admin")
    yield machine
    machine.close()


@pytest.fixture
def box(_machine: Machine) -> Iterator[Box]:
    if not _machine.running:
        _machine.boot()
    yield Box(_machine)
    _machine.guest.close()


def test_the_doctor_finds_nothing_but_what_a_new_box_is(box: Box) -> None:
    box.settled()
    found = box.conditions()
    assert {one["code"] for one in found} <= {"development_keys", "engine_absent", "clock", "exposure"}, found


def test_a_backup_is_made_while_the_box_runs_and_opens(box: Box) -> None:
    command = f"HOMARUS_BACKUP_PASSPHRASE='{_PASSPHRASE}' homarus --json backup"
    made = json.loads(box.guest.shell(f"{command} create /data/box.age", timeout_s=300))
    assert made["files"] > 3
    told = json.loads(box.guest.shell(f"{command} verify /data/box.age --scratch /data", timeout_s=300))
    assert told["devices"] == 0


def test_a_bundle_for_support_holds_the_journal_of_the_box(box: Box) -> None:
    told = box.homarus("support", "/data/support.tar.gz", timeout_s=300)
    assert told["notes"] == ""
    text = box.guest.shell("tar -xzOf /data/support.tar.gz homarus-support/journal.txt homarus-support/slots.json")
    assert "homarus" in text
    assert '"bootname":"A"' in text.replace(" ", "")


def test_a_restore_takes_the_place_of_what_is_there(box: Box) -> None:
    before = box.guest.shell("sha256sum </var/lib/homarus/device.key")
    box.guest.shell(
        "systemctl stop homarus-gateway && rm /var/lib/homarus/device.key && systemctl start homarus-gateway"
    )
    box.machine.ready()
    assert box.guest.shell("sha256sum </var/lib/homarus/device.key") != before
    command = f"HOMARUS_BACKUP_PASSPHRASE='{_PASSPHRASE}' homarus backup restore /data/box.age --yes"
    assert "is in place" in box.guest.shell(command, timeout_s=300)
    box.machine.ready()
    assert box.guest.shell("sha256sum </var/lib/homarus/device.key") == before
    assert box.guest.shell("stat -c %U /var/lib/homarus/device.key").strip() == "homarus"


def test_a_reset_keeps_nothing_and_comes_up_as_another_box(box: Box, ids_seen: list[dict[str, str]]) -> None:
    ids, slot = box.ids(), box.slot
    assert not common(ids, ids_seen), "no id is of the image"
    box.guest.shell("echo keep >/data/mine; echo 'hostname = \"old\"' >/efi/homarus.toml; sync")
    before = box.boot_id
    box.guest.run("homarus", "reset", "--yes")
    box.rebooted(before)
    box.machine.ready()
    box.settled()
    assert box.guest.run("ls", "/data/mine", "/data/box.age", "/data/support.tar.gz").out == ""
    assert "homarus.toml" not in box.guest.shell("ls /efi").split()
    assert box.slot == slot
    after = box.ids()
    assert {name for name in ids if ids[name] == after[name]} <= {"host name"}, "no id of the old box is left"
    assert box.failed_units() == []
    assert box.guest.shell("blkid -o value -s LABEL /dev/disk/by-slot/data").strip() == "data"
