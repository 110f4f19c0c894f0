"""Hard days of the box of the story: no space, no memory for its models, no network. It works, or says why not."""

from __future__ import annotations

import contextlib
import json

import pytest

from tests.image.guest import CommandError
from tests.image.phone import RefusedError
from tests.image.story import Story
from tests.image.waiting import until

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(1200)]

_FILLER = "/data/filler"


def _doctor(story: Story) -> str:
    """What the doctor says, whatever its verdict."""
    done = story.box.guest.run("homarus", "--json", "doctor", timeout_s=180)
    assert done.out, done.err
    return done.out.lower()


def _works(story: Story, key: str) -> None:
    with story.phone() as phone:
        phone.open()
        assert "timer" in phone.ask(f"set a timer for {len(key)} minutes", key).lower()


def test_a_full_disk_is_said_and_nothing_is_lost_by_it(story: Story) -> None:
    guest = story.box.guest
    # What is reserved for root is taken too: not a byte is left for the gateway.
    guest.run("sh", "-c", f"dd if=/dev/zero of={_FILLER} bs=1M; dd if=/dev/zero of={_FILLER}.rest bs=4k", timeout_s=600)
    try:
        assert story.machine.http("/healthz")[0] == 200
        assert "disk" in _doctor(story)
        with story.phone() as phone, contextlib.suppress(RefusedError):
            phone.open()
            phone.ask("write this down: the attic is dry", "on-a-full-disk")
        assert story.machine.http("/healthz")[0] == 200
        before = story.box.boot_id
        guest.run("systemctl", "--no-block", "reboot")
        story.box.rebooted(before)  # it starts on a full disk too
    finally:
        guest.run("rm", "-f", _FILLER, f"{_FILLER}.rest")
    _works(story, "after-the-full-disk")
    with story.phone() as phone:
        phone.open()
        known = {text for role, text in phone.history() if role == "user"}
    assert known >= {each.text for each in story.said}


def test_models_without_memory_end_and_the_gateway_goes_on(story: Story) -> None:
    guest = story.box.guest
    unit = "homarus-engine.slice"
    guest.good("systemctl", "set-property", "--runtime", unit, "MemoryHigh=infinity", "MemoryMax=8M", "MemorySwapMax=0")
    guest.run("sh", "-c", "systemctl kill -s KILL 'homarus-engine@*.service' 'homarus-worker@*.service'")
    try:
        with story.phone() as phone:
            phone.open()
            said = ""
            with contextlib.suppress(RefusedError):
                said = phone.ask("set a timer for seven minutes", "no-memory")
            assert said or story.machine.http("/healthz")[0] == 200
        assert story.machine.http("/healthz")[0] == 200
        assert guest.run("systemctl", "is-active", "homarus-gateway").out.strip() == "active"
    finally:
        guest.good("systemctl", "revert", unit)
        guest.good("systemctl", "daemon-reload")

    def again() -> bool:
        with contextlib.suppress(AssertionError, RefusedError, TimeoutError):
            _works(story, "memory-again")
            return True
        return False

    until(again, timeout_s=300, what="the models after there was memory again", pause_s=5)


def test_without_a_network_the_box_serves_who_sits_at_it(story: Story) -> None:
    story.machine.monitor("set_link", name="nic", up=False)
    try:
        answer = json.dumps(story.box.homarus("ask", "set a timer for nine minutes"))
        assert "timer" in answer.lower()
        assert story.box.failed_units() == []
    finally:
        story.machine.monitor("set_link", name="nic", up=True)
    until(lambda: story.machine.http("/healthz")[0] == 200, timeout_s=120, what="the network again", pause_s=2)


def test_after_all_that_nothing_failed(story: Story) -> None:
    with contextlib.suppress(CommandError):
        story.box.settled()
    assert story.box.failed_units() == []
