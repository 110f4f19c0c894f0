"""Power cuts at any moment of the story: disks as they are left, checked without booting, and some of them booted.

A process that is killed leaves its page cache to the kernel, so a missing flush passes. Here the record of every write
of the box is replayed up to a random entry, and what no flush covered is lost or torn.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.image import bootable
from tests.image.aftermath import RETURNING, Aftermath, inspect
from tests.image.box import Box
from tests.image.disks import copy_sparse
from tests.image.machine import Machine, Setup
from tests.image.phone import Phone
from tests.image.story import Story
from tests.image.writelog import Cut, Replay, choose

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(3600)]

_FULL = os.environ.get("HOMARUS_IMAGE_FULL") == "1"
_CUTS, _BOOTS = (100, 6) if _FULL else (20, 1)
_TABLE_BYTES = 34 * 512  # protective MBR, header and entries of a GPT
_TABLE_SEEDS = 5 if _FULL else 1
_SEED = int(os.environ.get("HOMARUS_IMAGE_SEED", "20261121"))


@dataclass(frozen=True, slots=True)
class Result:
    """One cut: what it did to the disk and what was found there; `disk` is kept where it is to be booted.

    `unbootable` is what would keep the boot loader from a whole slot.
    """

    cut: Cut
    phase: str
    what: str
    aftermath: Aftermath
    unbootable: tuple[str, ...]
    disk: Path | None


@pytest.fixture(scope="module")
def results(the_story: Story, workshop: Path) -> Iterator[list[Result]]:
    """Every cut of this run, looked at."""
    story = the_story
    if story.machine.running:
        story.machine.stop()
    story.place_said()
    story.log.read()
    if not story.phases:
        pytest.skip("the story did not come far enough")
    folder = workshop / "cuts"
    folder.mkdir()
    found = list(_cuts(story, folder))
    yield found
    for each in found:
        if each.disk:
            each.disk.unlink(missing_ok=True)


def _cuts(story: Story, folder: Path) -> Iterator[Result]:
    replay = Replay(story.log, copy_sparse(story.pristine, folder / "replayed.raw"))
    known = bootable.Software.of(story.pristine, [story.built.boot, *story.roots], folder / "work")
    cuts = [*choose(list(story.phases.values()), _CUTS, _SEED), *_at_the_table(story)]
    cuts.sort(key=lambda each: each.entries)
    # The last cuts of the story are in its updates: those are worth a boot, and one in the middle of the chat.
    booted = {cuts[-1 - number * len(cuts) // (2 * _BOOTS)].entries for number in range(_BOOTS)}
    for cut in cuts:
        what = replay.cut(cut)
        said = [each.text for each in story.said if each.entry <= cut.entries]
        found = inspect(replay.disk, folder / "work", said)
        unbootable = bootable.problems(replay.disk, known, folder / "work")
        keep = cut.entries in booted or (_FULL and found.stage == RETURNING)
        disk = copy_sparse(replay.disk, folder / f"cut{cut.entries}.raw") if keep else None
        replay.mend()
        phase = next((name for name, (first, last) in story.phases.items() if first <= cut.entries <= last), "")
        verdict = (*found.problems, *unbootable) or "good"
        print(f"{phase}: {what}: {found.stage}, {len(said)} messages, {verdict}", flush=True)
        yield Result(cut, phase, what, found, unbootable, disk)


def _at_the_table(story: Story) -> Iterator[Cut]:
    """Cut off every writing of the partition table: it happens in two short moments of the first boot.

    Without torn writes: what is used of the table lies in one page of a flash memory, which is written whole or not at
    all, and no program that writes tables cares for less.
    """
    for number, each in enumerate(story.log.entries):
        if each.changes and each.place < _TABLE_BYTES:
            yield from (Cut(number + 1, _SEED + seed, tears=False) for seed in range(_TABLE_SEEDS))


def test_every_disk_is_whole_and_has_all_that_was_acknowledged(results: list[Result]) -> None:
    assert len(results) > _CUTS
    assert [(each.what, each.aftermath) for each in results if each.aftermath.problems] == []


def test_every_disk_still_starts_a_slot_that_is_whole(results: list[Result]) -> None:
    assert [(each.what, each.unbootable) for each in results if each.unbootable] == []


def test_cuts_fell_into_every_part_of_the_story_and_lost_something(results: list[Result], story: Story) -> None:
    assert {each.phase for each in results} >= set(story.phases)
    assert any(" 0 torn, 0 lost" not in each.what for each in results)


def test_a_box_boots_after_such_a_cut_and_knows_what_was_said(results: list[Result], story: Story) -> None:
    booted = [each for each in results if each.disk]
    assert booted
    for each in booted:
        assert each.disk
        machine = Machine(each.disk, f"cut{each.cut.entries}", Setup(story.built.arch))
        try:
            box = Box(machine.boot())
            box.settled()
            assert box.failed_units() == [], each.what
            said = [one.text for one in story.said if one.entry <= each.cut.entries]
            if said:
                with Phone(story.folder / "phone.json", f"wss://127.0.0.1:{machine.port}") as phone:
                    phone.open()
                    known = [text for role, text in phone.history() if role == "user"]
                assert [text for text in said if text not in known] == [], each.what
        except BaseException:
            print(machine.keep_logs())
            raise
        finally:
            machine.close()
