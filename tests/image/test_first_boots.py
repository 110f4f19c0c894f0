"""Other first boots of the same image: with settings from the flash tool, with a clock at 1970, without a network."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image import tools
from tests.image.box import Box, common
from tests.image.disks import partition
from tests.image.machine import Machine, Setup, fresh_disk
from tests.image.phone import Phone
from tests.image.story import Built

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(1800)]

_SETTINGS = """
hostname = "homarus-attic"
time_zone = "Europe/Berlin"
owner = "Ada"
favourite_colour = "green"

[ssh]
user = "ada"
keys = ["{key}"]
"""


@pytest.fixture
def machines() -> Iterator[list[Machine]]:
    """Machines of one test; what they said is kept where it fails."""
    started: list[Machine] = []
    yield started
    for each in started:
        each.keep_logs()
        each.close()


def test_settings_of_the_flash_tool_are_applied_and_wiped_though_the_clock_is_at_1970(
    built: Built, workshop: Path, machines: list[Machine], ids_seen: list[dict[str, str]]
) -> None:
    disk = fresh_disk(built.image, workshop, "settings")
    key = workshop / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    settings = workshop / "homarus.toml"
    settings.write_text(_SETTINGS.format(key=key.with_suffix(".pub").read_text().strip()))
    esp = f"{disk}@@{partition(disk, 'esp').start}"
    tools.run("mcopy", "-i", esp, settings, "::homarus.toml")
    machine = Machine(disk, "settings", Setup(built.arch, rtc="1970-01-01T00:00:00"))
    machines.append(machine)
    box = Box(machine.boot())
    box.settled()
    assert box.failed_units() == []
    ids = box.ids()
    assert ids["host name"] == "homarus-attic"
    assert not common(ids, ids_seen)
    ids_seen.append(ids)
    assert "Europe/Berlin" in box.guest.shell("timedatectl show -p Timezone; readlink -f /etc/localtime")
    assert "::/homarus.toml" not in tools.run("mdir", "-b", "-i", esp, "::").stdout.splitlines()
    said = box.guest.shell("cat /data/system/first-boot.json; cat /efi/homarus-said.txt 2>/dev/null || true")
    assert "favourite_colour" in said
    words = ["-i", str(key), "-p", str(machine.ssh_port), "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes"]
    known = f"UserKnownHostsFile={workshop}/known"
    done = subprocess.run(
        ["ssh", *words, "-o", known, "ada@127.0.0.1", "id -un; homarus status"],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.stdout.startswith("ada"), done
    with Phone(workshop / "ada.json", f"wss://127.0.0.1:{machine.port}") as phone:
        phone.pair(box.homarus("pair")["setupCode"])
        assert "timer" in phone.ask("set a timer for ten minutes", "in-1970").lower()
    assert "clock" in box.codes()


@pytest.mark.slow
def test_a_box_that_never_had_a_network_works_for_who_sits_at_it(
    built: Built, workshop: Path, machines: list[Machine]
) -> None:
    machine = Machine(fresh_disk(built.image, workshop, "alone"), "alone", Setup(built.arch, network=False))
    machines.append(machine)
    box = Box(machine.start())
    machine.guest.wait(400)
    box.settled()
    assert box.failed_units() == []
    assert "timer" in json.dumps(box.homarus("ask", "set a timer for ten minutes")).lower()
