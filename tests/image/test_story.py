"""The life of a box, from the image as it is: first boot, pairing, a timer, updates that hold and that return."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from tests.image.story import Story

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(1800)]

_DATA_AT_LEAST = 3 << 30  # of a disk of 6 GiB
_UNITS = Path(__file__).resolve().parents[2] / "systemd"
_GROUPS = "/sys/fs/cgroup/homarus.slice"
_BOUND = {"homarus": "homarus", "NetworkManager": "system/network", "systemd": "system/systemd"}


def test_the_image_boots_and_its_gateway_answers(story: Story) -> None:
    started = time.monotonic()
    with story.phase("first boot"):
        story.machine.boot()
        story.box.settled()
    print(f"first boot to the end: {time.monotonic() - started:.0f} s")
    assert story.machine.http("/healthz") == (200, '{"ok":true,"status":"live"}')


def test_no_unit_failed(story: Story) -> None:
    assert story.box.failed_units() == []


def test_nothing_of_the_system_can_be_written(story: Story) -> None:
    guest = story.box.guest
    assert "ro" in guest.shell("findmnt -no OPTIONS /").split(",")[0]
    for path in ("/etc/x", "/usr/x", "/usr/lib/homarus/x"):
        assert guest.run("touch", path).status != 0
    assert guest.run("touch", "/var/tmp/x").status == 0  # in memory


def test_what_lasts_is_bound_from_the_data_partition_and_the_rest_is_in_memory(story: Story) -> None:
    lines = story.box.guest.shell("findmnt -rno TARGET,SOURCE,FSTYPE").splitlines()
    mounts = {target: (source, kind) for target, source, kind in (line.split(" ", 2) for line in lines)}
    assert mounts["/var"][1] == "overlay"
    data, kind = mounts["/data"]
    assert kind == "ext4"
    for name, folder in _BOUND.items():
        assert mounts[f"/var/lib/{name}"][0] == f"{data}[/{folder}]"


def test_the_journal_is_bounded_and_nothing_swaps_to_the_disk(story: Story) -> None:
    guest = story.box.guest
    said = guest.shell("journalctl -b -t systemd-journald -o cat --no-pager")
    assert re.search(r"Runtime Journal \(/run/log/journal/.*max 32M", said), said
    assert guest.run("ls", "/var/log/journal").status != 0
    assert guest.shell("swapon --show=NAME --noheadings").split() == ["/dev/zram0"]


def test_the_hardware_watchdog_is_armed(story: Story) -> None:
    guest = story.box.guest
    assert guest.shell("systemctl show -p RuntimeWatchdogUSec --value").strip() == "30s"
    assert guest.shell("cat /sys/class/watchdog/watchdog0/state").strip() == "active"


def test_the_data_partition_has_grown_to_the_size_of_the_disk(story: Story) -> None:
    size = int(story.box.guest.shell("findmnt -bno SIZE /data"))
    assert size > _DATA_AT_LEAST


def test_it_knows_itself(story: Story) -> None:
    facts = story.box.facts
    assert facts["board"] == story.built.board
    assert facts["version"] == story.built.facts["version"]
    assert facts["keys"] == "development"
    assert story.box.slot == "A"
    story.ids = story.box.ids()
    assert all(story.ids.values()), story.ids


def test_the_phone_of_the_owner_pairs_and_sets_a_timer_by_the_small_model(story: Story) -> None:
    code = story.box.homarus("pair")
    with story.phone() as phone:
        assert phone.pair(code["setupCode"])["method"] == "device-token"
        run = story.say(phone, "set a timer for ten minutes")
        assert "timer" in phone.final(run).lower()
        assert "timer" in json.dumps(phone.call("homarus.agenda.list")).lower()


def test_its_models_get_no_more_than_the_share_that_their_slice_names(story: Story) -> None:
    unit = (_UNITS / "homarus-engine.slice").read_text()
    total = int(story.box.guest.shell("sed -n 's/MemTotal: *//p' /proc/meminfo").split()[0]) * 1024
    for setting, file in (("MemoryHigh", "memory.high"), ("MemoryMax", "memory.max")):
        share = re.search(rf"^{setting}=(\d+)%$", unit, re.M)
        assert share, unit
        limit = int(story.box.guest.shell(f"cat {_GROUPS}/homarus-engine.slice/{file}"))
        assert limit == pytest.approx(total * int(share[1]) / 100, rel=0.01)


def test_it_keeps_what_is_said(story: Story) -> None:
    with story.phase("chat"), story.phone() as phone:
        phone.open()
        for number in range(1, 9):
            phone.final(story.say(phone, f"remember that box {number} holds marbles-{number * 7919}"))
        story.place_said()
        assert sum("marbles-" in text for role, text in phone.history() if role == "user") == 8
