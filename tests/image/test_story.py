"""The life of a box, from the image as it is: first boot, pairing, a timer, updates that hold and that return."""

from __future__ import annotations

import json
import time

import pytest

from tests.image.story import Story

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(1800)]

_DATA_AT_LEAST = 3 << 30  # of a disk of 6 GiB


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


def test_it_keeps_what_is_said(story: Story) -> None:
    with story.phase("chat"), story.phone() as phone:
        phone.open()
        for number in range(1, 9):
            phone.final(story.say(phone, f"remember that box {number} holds marbles-{number * 7919}"))
        story.place_said()
        assert sum("marbles-" in text for role, text in phone.history() if role == "user") == 8
