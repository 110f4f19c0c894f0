"""Updates of the box of the story: what is refused, one that holds, two that return with all that was said."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.image.channel import NAME, Channel
from tests.image.guest import CommandError
from tests.image.machine import BOOT_S
from tests.image.phone import RefusedError
from tests.image.story import Story
from tests.image.variants import DEAD, NEXT, SPOILED, Variant, root_image
from tests.image.waiting import until

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(2400)]

_INSTALL_S = 900.0
_GRUBENV = "/efi/EFI/debian/grubenv"


@pytest.fixture(scope="module")
def channel(the_story: Story, workshop: Path) -> Iterator[Channel]:
    """The channel that the box is told to follow."""
    found = Channel(the_story.built, workshop / "channel")
    _offer(the_story, found, NEXT)
    yield found
    found.close()


def _offer(story: Story, channel: Channel, variant: Variant) -> None:
    channel.offer(variant)
    story.roots.append(root_image(story.built.root, variant))


def _install(story: Story, version: str) -> None:
    """Install what the channel has and stop before the restart."""
    before = story.box.slot
    story.box.homarus("update", "apply", "--yes", "--no-restart", timeout_s=_INSTALL_S)
    status = story.box.homarus("update", "status")
    assert version in json.dumps(status), status
    assert story.box.slot == before


def _last_try(story: Story) -> None:
    """Let the boot loader count as if it had tried the other slot twice: one start that fails is enough for a test."""
    other = "B" if story.box.slot == "A" else "A"
    story.box.guest.good("grub-editenv", _GRUBENV, "set", f"{other}_TRY=2")


def _returned(story: Story, slot: str, version: str) -> float:
    """Restart into the other slot and wait until the box is back in `slot` by itself; return the seconds of it all."""
    started = time.monotonic()
    box = story.box
    report = box.guest.shell("ls /data/system/updates/reports 2>/dev/null | wc -l")

    def back() -> bool:
        with contextlib.suppress(CommandError, OSError, TimeoutError, ConnectionError):
            return (
                box.guest.there()
                and box.slot == slot
                and box.guest.shell("ls /data/system/updates/reports | wc -l") != report
            )
        box.guest.close()
        return False

    box.guest.run("systemctl", "--no-block", "reboot")
    until(back, timeout_s=3 * BOOT_S, what=f"the return to slot {slot}", pause_s=2)
    story.machine.ready()
    seconds = time.monotonic() - started
    assert box.facts["version"] == version
    return seconds


def _marked_good(story: Story) -> None:
    until(
        lambda: story.box.guest.run("systemctl", "is-active", "homarus-gate").out.strip() == "active",
        timeout_s=BOOT_S,
        what="the mark of the health gate",
        pause_s=2,
    )


def test_a_bundle_that_nobody_or_a_stranger_signed_is_refused(story: Story, channel: Channel) -> None:
    before = story.box.guest.shell("head -c 4M /dev/disk/by-slot/root_b | sha256sum")
    for address in (
        channel.unsigned(channel.folder / f"{NEXT.version}.raucb", "unsigned.raucb"),
        channel.signed_by_a_stranger("stranger"),
    ):
        done = story.box.guest.run("rauc", "install", address, timeout_s=_INSTALL_S)
        assert done.status != 0, done.out
        said = (done.out + done.err).lower()
        assert "signature" in said or "certificate" in said, said
    assert story.box.guest.shell("head -c 4M /dev/disk/by-slot/root_b | sha256sum") == before


def test_a_channel_that_was_tampered_with_is_refused(story: Story, channel: Channel) -> None:
    story.box.homarus("config", "set", "updates.url", channel.url)
    story.box.homarus("config", "set", "updates.channel", NAME)
    channel.spoil_signature()
    done = story.box.guest.run("homarus", "--json", "update", "check", timeout_s=180)
    assert done.status != 0
    assert "manifest_signature" in done.out
    channel.mend_signature()


def test_a_bundle_that_was_tampered_with_is_refused(story: Story, channel: Channel) -> None:
    address = channel.tampered(channel.folder / f"{NEXT.version}.raucb", "tampered.raucb")
    done = story.box.guest.run("rauc", "install", address, timeout_s=_INSTALL_S)
    assert done.status != 0, done.out
    status = json.loads(story.box.guest.good("rauc", "status", "--output-format=json"))
    assert status["boot_primary"] == "rootfs.0"


def test_an_update_is_installed_into_the_other_slot_and_starts(story: Story, channel: Channel) -> None:
    with story.phase("update"):
        status = story.box.homarus("update", "check")
        assert NEXT.version in json.dumps(status)
        started, sent = time.monotonic(), channel.served.sent()
        _install(story, NEXT.version)
        megabytes = (channel.served.sent() - sent) / 1e6
        size = (channel.folder / f"{NEXT.version}.raucb").stat().st_size / 1e6
        print(f"figure: update: {megabytes:.1f} MB fetched of {size:.0f} MB in {time.monotonic() - started:.0f} s")
        story.box.reboot()
        _marked_good(story)
    assert story.box.slot == "B"
    assert story.box.facts["version"] == NEXT.version
    assert story.box.guest.good("cat", "/usr/lib/homarus/marker") == "second version\n"
    story.box.settled()
    assert story.box.failed_units() == []


def test_the_updated_box_is_the_same_box_with_the_same_owner_and_conversation(story: Story) -> None:
    assert story.box.ids() == story.ids
    with story.phone() as phone:
        assert phone.open()["method"] == "device-token"
        assert _said(phone.history()) >= {each.text for each in story.said}
        assert "timer" in phone.ask("set a timer for twenty minutes", "after-update").lower()
    slots = json.loads(story.box.guest.good("rauc", "status", "--output-format=json"))
    assert slots["booted"] == "B"
    assert slots["boot_primary"] == "rootfs.1"


def test_a_version_whose_gateway_does_not_start_returns_with_its_reason(story: Story, channel: Channel) -> None:
    _offer(story, channel, DEAD)
    slot, version = story.box.slot, story.box.facts["version"]
    with story.phase("dead version"):
        _install(story, DEAD.version)
        _last_try(story)
        with story.phone() as phone:
            phone.open()
            with contextlib.suppress(RefusedError):
                phone.final(story.say(phone, "the cellar key hangs behind the clock-48611"))
        seconds = _returned(story, slot, version)
        story.place_said()
    print(f"figure: whole rollback, from the restart to ready again: {seconds:.0f} s")
    status = story.box.homarus("update", "status")
    report = _report(status, DEAD.version)
    assert "gateway" in report["reason"].lower(), report
    with story.phone() as phone:
        phone.open()
        assert _said(phone.history()) >= {each.text for each in story.said}


def test_a_version_that_spoils_the_database_returns_with_what_was_said_meanwhile(
    story: Story, channel: Channel
) -> None:
    _offer(story, channel, SPOILED)
    meanwhile = "the spare fuse is in the blue box-77023"
    slot = story.box.slot
    with story.phase("spoiled version"):
        _install(story, SPOILED.version)
        _last_try(story)
        before = story.box.boot_id
        story.box.guest.run("systemctl", "--no-block", "reboot")
        story.box.rebooted(before)
        assert story.box.facts["version"] == SPOILED.version
        with story.phone() as phone:
            phone.open()
            assert any("spoiled" in text for _, text in phone.history())
            story.say(phone, meanwhile)
        _wait_for_return(story, slot)
        story.place_said()
    report = _report(story.box.homarus("update", "status"), SPOILED.version)
    assert "mini" in json.dumps(report), report
    with story.phone() as phone:
        phone.open()
        history = phone.history()
    assert _said(history) >= {each.text for each in story.said}
    assert not any("spoiled" in text for _, text in history)
    _marked_good(story)


def _wait_for_return(story: Story, slot: str) -> None:
    def back() -> bool:
        with contextlib.suppress(CommandError, OSError, TimeoutError):
            return story.box.guest.there() and story.box.slot == slot
        story.box.guest.close()
        return False

    until(back, timeout_s=2 * BOOT_S, what=f"the return to slot {slot}", pause_s=2)
    story.machine.ready()


def _said(history: list[tuple[str, str]]) -> set[str]:
    return {text for role, text in history if role == "user"}


def _report(status: dict[str, Any], version: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [each for each in status["reports"] if version in json.dumps(each)]
    assert found, status
    return found[0]
