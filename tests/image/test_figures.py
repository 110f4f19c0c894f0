"""The figures of an image, measured in the same run as those that they are compared with. They are printed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image import baseline, tools
from tests.image.box import Box
from tests.image.machine import Machine, Setup, fork_disk
from tests.image.story import Built, Story
from tests.image.waiting import until

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(3600)]

_ROOT = Path(__file__).resolve().parents[2]
_IDLE_S = 600
_SETTLES_S = 120  # after the boot, before idleness is measured


@pytest.fixture(scope="module")
def box(the_story: Story, built: Built, workshop: Path) -> Iterator[Box]:
    """The box of the story, started again from its disk: an ordinary boot, not the first one."""
    if the_story.machine.running:
        the_story.machine.stop()
    machine = Machine(fork_disk(the_story.machine.disk, workshop, "figures"), "figures", Setup(built.arch))
    found = Box(machine.boot())
    found.settled()
    machine.guest.close()
    yield found
    machine.close()


def _figure(text: str) -> None:
    print(f"figure: {text}", flush=True)


def test_how_large_the_image_is(built: Built, workshop: Path) -> None:
    target = workshop / "image.zst"
    tools.run("zstd", "-q", "-6", "-T2", built.image, "-o", target, timeout_s=900)
    _figure(f"compressed image (zstd -6; a release uses xz): {target.stat().st_size / 1e6:.0f} MB")
    _figure(f"root slot: {built.root.stat().st_size / 1e6:.0f} MB")


def test_how_much_memory_it_uses_and_how_soon_it_is_ready(box: Box, workshop: Path) -> None:
    used = box.memory_used_mb()
    ready = box.seconds_to_ready()
    total = box.guest.shell("sed -n 's/MemTotal: *//p' /proc/meminfo").strip()
    box.guest.close()
    bare = baseline.seconds_to_ready(workshop)
    _figure(f"memory in use after boot: {used} MB of {total}")
    _figure(f"kernel to ready: {ready:.1f} s; a bare Debian to its SSH: {bare:.1f} s; ratio {ready / bare:.1f}")


@pytest.mark.slow
def test_how_much_an_idle_box_writes(box: Box) -> None:
    settled = time.monotonic() + _SETTLES_S
    until(lambda: time.monotonic() > settled, timeout_s=2 * _SETTLES_S, what="rest", pause_s=5)
    before, started = box.sectors_written(), time.monotonic()
    box.guest.close()
    until(lambda: time.monotonic() > started + _IDLE_S, timeout_s=2 * _IDLE_S, what="ten minutes", pause_s=10)
    sectors, seconds = box.sectors_written() - before, time.monotonic() - started
    box.guest.close()
    _figure(f"written per idle hour: {sectors * 512 * 3600 / seconds / 1e6:.2f} MB (from {seconds:.0f} s)")


@pytest.mark.slow
def test_two_builds_of_the_same_sources_are_equal(built: Built, workshop: Path) -> None:
    """The second one has a cache of its own for everything but downloads, so nothing is taken over."""
    again = workshop / "again"
    words = [sys.executable, "-m", "image", built.board, "--out", str(again), "--fresh"]
    subprocess.run(words, cwd=_ROOT, check=True, env={**os.environ, "PYTHONPATH": str(_ROOT)})
    digests = [hashlib.sha256(each.read_bytes()).hexdigest() for each in (built.root, again / "root.img")]
    shutil.rmtree(again)
    assert digests[0] == digests[1]
