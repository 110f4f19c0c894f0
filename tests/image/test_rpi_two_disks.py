"""Two disks with Homarus in one Raspberry Pi are never mixed up, wherever the power went while one got its id."""

from __future__ import annotations

import shutil
from itertools import product
from pathlib import Path

import pytest

from tests.image.pi_disks import BOARD, EVERYBODYS, MODES, Disk, start

_ROOTS = {"A": "5", "B": "6"}
_SECTOR = 512


def _root(name: str, slot: str) -> str:
    return f"{name}{'' if name.startswith('sd') else 'p'}{_ROOTS[slot]}"


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Disk]:
    """A disk in every state that a box, its updates and power cuts leave it in."""
    folder = tmp_path_factory.mktemp("states")
    fresh = Disk.flashed(folder / "fresh")
    updated = fresh.copy(folder / "updated before it had a name")
    updated.install("B")
    found = {"fresh": fresh, "updated": updated}
    for cut in (1, 2, 3):
        found[f"cut {cut}"] = updated.copy(folder / f"cut-{cut}")
        found[f"cut {cut}"].name(cut=cut)
    named = updated.copy(folder / "named")
    assert named.name() == 3
    found["named"] = named
    found["written"] = named.copy(folder / "written")
    found["written"].install("B")
    found["written, cut"] = found["written"].copy(folder / "written-cut")
    found["written, cut"].name("B", cut=1)
    return found


def test_the_first_start_gives_the_disk_an_id_and_each_slot_the_name_of_it(tmp_path: Path) -> None:
    disk = Disk.flashed(tmp_path / "one")
    other = disk.copy(tmp_path / "other")
    before = (disk.folder / "disk").read_bytes()
    assert disk.name() == 2  # slot B is empty
    after = (disk.folder / "disk").read_bytes()
    assert disk.told("A") == disk.id() not in (EVERYBODYS, "00000000")
    assert (before[:440], before[444:]) == (after[:440], after[444:])
    assert disk.line("A") == (BOARD.folder / "cmdline_a.txt").read_text().replace(EVERYBODYS, disk.id())
    assert disk.name() == 0, "later starts write nothing"
    other.name()
    assert other.id() != disk.id()


def test_a_slot_that_was_written_names_the_disk_before_it_is_tried(states: dict[str, Disk], tmp_path: Path) -> None:
    disk = states["written"].copy(tmp_path / "disk")
    assert (disk.told("A"), disk.told("B")) == (disk.id(), EVERYBODYS)
    assert disk.name("B") == 1
    assert disk.told("B") == disk.id()


def test_a_slot_names_this_disk_or_none_wherever_the_power_went(states: dict[str, Disk]) -> None:
    for disk in states.values():
        slots = [each for each in "AB" if any((disk.folder / f"boot_{each.lower()}").iterdir())]
        assert {disk.told(each) for each in slots} <= {EVERYBODYS, disk.id()}


def test_what_is_written_lies_in_one_sector() -> None:
    for slot in "ab":  # a file begins with a sector
        line = (BOARD.folder / f"cmdline_{slot}.txt").read_text()
        assert line.index("homarus.disk=") + len("homarus.disk=") + 8 <= _SECTOR
        assert f" homarus.disk={EVERYBODYS} " in line


_STATES = ("fresh", "updated", "cut 1", "cut 2", "cut 3", "named", "written", "written, cut")
_PAIRS = [*product(_STATES, ("fresh", "named"))]


@pytest.mark.parametrize("state", _STATES)
def test_a_disk_alone_starts_from_every_state_and_is_named_afterwards(
    states: dict[str, Disk], tmp_path: Path, state: str
) -> None:
    for name, mode in [("mmcblk0", 1), ("nvme0n1", 6), ("sda", 5), ("sda", None), ("sda", 7)]:
        for slot in "A" if state == "fresh" else "AB":
            assert start(tmp_path, {name: states[state]}, states[state].line(slot), mode=mode).root == _root(name, slot)
    disk = states[state].copy(tmp_path / "disk")
    disk.name()
    assert disk.told("A") == disk.id() != EVERYBODYS


@pytest.mark.parametrize(("state", "other"), _PAIRS)
def test_a_card_and_an_nvme_are_never_mixed(states: dict[str, Disk], tmp_path: Path, state: str, other: str) -> None:
    both = {"mmcblk0": states[state], "nvme0n1": states[other].copy(tmp_path / "other")}
    slot = "A" if state == "fresh" else "B"
    for late in ({}, {"mmcblk0": 9}):
        found = start(tmp_path, both, states[state].line(slot), mode=MODES["mmcblk0"], late=late)
        assert found.root == _root("mmcblk0", slot)


@pytest.mark.parametrize(("state", "other"), _PAIRS)
def test_two_disks_of_one_kind_start_their_own_or_none(
    states: dict[str, Disk], tmp_path: Path, state: str, other: str
) -> None:
    second = states[other].copy(tmp_path / "other")
    if other != "fresh":
        second.rename("0badcafe")  # a disk of another box, named there
    slot = "A" if state == "fresh" else "B"
    for late in ({}, {"sda": 4}):
        found = start(
            tmp_path, {"sda": states[state], "sdb": second}, states[state].line(slot), mode=MODES["sda"], late=late
        )
        if states[state].told(slot) == EVERYBODYS:
            assert found.root == ""
            assert "Take the other one out" in found.screen
        else:
            assert found.root == _root("sda", slot)


def test_a_disk_with_a_name_starts_at_once_and_one_without_waits_a_little(
    states: dict[str, Disk], tmp_path: Path
) -> None:
    named, fresh = states["named"], states["fresh"]
    assert start(tmp_path, {"sda": named}, named.line("A"), mode=4).waited == 0
    assert start(tmp_path, {"sda": fresh}, fresh.line("A"), mode=4).waited == 5


@pytest.mark.parametrize("name", ["12345678", "00000000", EVERYBODYS])
def test_a_disk_that_another_computer_renamed_starts_late_and_once(
    states: dict[str, Disk], tmp_path: Path, name: str
) -> None:
    disk = states["named"].copy(tmp_path / "disk")
    disk.rename(name)
    found = start(tmp_path, {"sda": disk}, disk.line("B"), mode=4)
    assert (found.root, found.waited) == ("sda6", 40)
    assert f"no single disk has the id {disk.told('B')}" in found.screen
    disk.name()
    assert disk.told("A") == disk.told("B") == disk.id() != EVERYBODYS
    assert start(tmp_path, {"sda": disk}, disk.line("B"), mode=4).waited == 0


@pytest.mark.parametrize("state", _STATES)
def test_a_single_disk_of_another_box_is_not_taken_for_the_one_that_does_not_answer(
    states: dict[str, Disk], tmp_path: Path, state: str
) -> None:
    gone = states["named"]
    other = states[state].copy(tmp_path / "other")
    for slot in "AB":
        if slot == "A" or state != "fresh":
            path = other.folder / f"boot_{slot.lower()}/cmdline_{slot.lower()}.txt"
            path.write_text(other.line(slot).replace(gone.told("A"), "0badcafe"))
    other.rename("0badcafe")
    found = start(tmp_path, {"sda": other}, gone.line("B"), mode=4)
    assert found.root == ""
    assert f"id {gone.told('B')}" in found.screen


def test_a_disk_that_was_renamed_is_known_beside_one_of_another_box(states: dict[str, Disk], tmp_path: Path) -> None:
    disk, other = states["named"].copy(tmp_path / "disk"), states["fresh"]
    disk.rename("12345678")
    assert start(tmp_path, {"sda": other, "sdb": disk}, disk.line("B"), mode=4).root == "sdb6"
    twin = disk.copy(tmp_path / "twin")
    assert start(tmp_path, {"sda": twin, "sdb": disk}, disk.line("B"), mode=4).root == "", "two say the same"


@pytest.mark.parametrize(("fails", "slot", "other"), [("boot_a", "A", "B"), ("boot_b", "B", "A")])
def test_a_slot_that_cannot_be_written_stays_unmounted_and_lets_the_other_have_its_turn(
    states: dict[str, Disk], tmp_path: Path, fails: str, slot: str, other: str
) -> None:
    disk = states["updated"].copy(tmp_path / "disk")
    assert disk.name(fails=fails) == 2
    assert (disk.told(slot), disk.told(other)) == (EVERYBODYS, disk.id())
    assert disk.name() == 1, "the next start tries again"
    assert disk.told(slot) == disk.id()


def test_a_disk_that_is_not_ours_is_none(states: dict[str, Disk], tmp_path: Path) -> None:
    disk = states["fresh"]
    assert start(tmp_path, {"nvme0n1": disk}, disk.line("A"), mode=1).screen.count("no single disk") == 1
    shutil.rmtree(tmp_path / "early")
    assert start(tmp_path, {"sda": disk}, "quiet", mode=4).root == ""  # no slot is named: nothing is guessed
