"""The figures of an image, measured in the same run as those that they are compared with. They are printed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from image.cache import cache_folder, remove
from tests.image import baseline, tools
from tests.image.box import Box
from tests.image.machine import Machine, Setup, fork_disk
from tests.image.story import Built, Story
from tests.image.waiting import until

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(3600)]

_ROOT = Path(__file__).resolve().parents[2]
_SHARED = ("tree-*", "keys", "llama-archive")
_MADE_AGAIN = (
    *("base-{arch}", "llama-{arch}", "llama-bindings", "wheels-gateway-{arch}", "wheels-engine-{arch}"),
    *("environment-gateway-{arch}", "environment-engine-{arch}", "application", "root-{board}", "disk-{board}"),
)
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
    """The second one has a cache of its own: it shares programs to build with, keys and one archive of sources.

    Debian's packages are fetched anew: where Debian has published others since, there are other inputs.
    """
    ours, second, again = cache_folder(), workshop / "cache", workshop / "again"
    second.mkdir()
    for each in (found for pattern in _SHARED for found in ours.glob(pattern)):
        (second / each.name).symlink_to(each)
    words = [sys.executable, "-m", "image", built.board, "--out", str(again)]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "HOMARUS_IMAGE_CACHE": str(second)}
    subprocess.run(words, cwd=_ROOT, check=True, env=environment)
    made = {each.name for each in second.iterdir() if not each.is_symlink()}
    assert made >= {name.format(arch=built.arch, board=built.board) for name in _MADE_AGAIN}
    packages = [json.loads((each / "manifest.json").read_text())["packages"] for each in (built.image.parent, again)]
    assert packages[0] == packages[1], "Debian has newer packages: run `scripts/image BOARD --fresh` first"
    digests = [hashlib.sha256(each.read_bytes()).hexdigest() for each in (built.root, again / "root.img")]
    for each in (again, second):
        remove(each)
    assert digests[0] == digests[1]
