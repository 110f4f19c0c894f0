"""How GRUB counts starts: the part of grub.cfg that decides, run by a shell that reads it as GRUB does."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from image import board
from image.layouts import uefi

_NAMES = ("ORDER", "A_OK", "A_TRY", "B_OK", "B_TRY", "HOMARUS_COMMITTED")


def _decision() -> str:
    text = uefi.grub_configuration(board.load("qemu-amd64"))
    part = text[text.index('set slot=""') : text.index("save_env")]
    # The rest of this part is the same in both languages.
    return re.sub(r"\bset (\w+)=", r"\1=", part)


@dataclass
class Grub:
    """An environment block, and RAUC's writes to it (1.13, bootloaders/grub.c)."""

    block: dict[str, str] = field(
        default_factory=lambda: {"ORDER": "A B", "A_OK": "1", "A_TRY": "0", "B_OK": "1", "B_TRY": "0"}
    )

    def start(self) -> str:
        shown = "; ".join(f'echo "{name}=${name}"' for name in (*_NAMES, "slot"))
        done = subprocess.run(
            ["sh", "-euc", f"{_decision()}\n{shown}"],
            env={**dict.fromkeys((*_NAMES, "try"), ""), **self.block}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = dict(line.split("=", 1) for line in done.stdout.splitlines())
        self.block |= {name: found[name] for name in ("A_TRY", "B_TRY")}
        return found["slot"]

    def starts(self, count: int) -> str:
        return "".join(self.start() for _ in range(count))

    def good(self, slot: str, *, own: bool = True) -> None:
        self.block |= {f"{slot}_OK": "1", f"{slot}_TRY": "0"}
        if own:
            self.block["HOMARUS_COMMITTED"] = slot

    def active(self, slot: str) -> None:
        self.good(slot, own=False)
        self.block["ORDER"] = "A B" if slot == "A" else "B A"


def test_a_slot_on_trial_has_three_starts_and_then_the_boxs_own_one_comes_back() -> None:
    grub = Grub()
    grub.good("A")
    grub.active("B")
    assert grub.starts(5) == "BBBAA"
    grub.good("A")
    assert grub.starts(2) == "AA"


@pytest.mark.parametrize("own", ["A", "B"])
def test_the_boxs_own_slot_has_ten_starts_before_the_other_one_is_tried(own: str) -> None:
    other = "B" if own == "A" else "A"
    grub = Grub()
    grub.active(own)
    grub.good(own)
    assert grub.starts(10) == own * 10
    assert grub.starts(3) == other * 3
    assert grub.start() == own  # none is left: it counts anew


def test_power_that_fails_again_and_again_is_forgotten_with_the_next_mark() -> None:
    grub = Grub()
    grub.good("A")
    for _ in range(3):
        assert grub.starts(9) == "A" * 9
        grub.good("A")


def test_a_version_that_was_committed_is_the_boxs_own_and_the_one_before_is_not() -> None:
    grub = Grub()
    grub.good("A")
    grub.active("B")
    assert grub.start() == "B"
    grub.good("B")
    assert grub.starts(10) == "B" * 10
    assert grub.starts(3) == "AAA"


def test_a_way_back_by_hand_has_three_starts_too() -> None:
    grub = Grub()
    grub.active("B")
    grub.good("B")
    grub.active("A")
    assert grub.starts(4) == "AAAB"


@pytest.mark.parametrize("word", ["", "C", "A B", "AB", "$A_OK"])
def test_without_a_word_of_the_gate_every_slot_has_three_starts(word: str) -> None:
    grub = Grub()
    grub.block["HOMARUS_COMMITTED"] = word
    assert grub.starts(6) == "AAABBB"


def test_a_bad_slot_is_never_chosen_though_it_was_the_boxs_own() -> None:
    grub = Grub()
    grub.good("A")
    grub.block["A_OK"] = "0"
    assert grub.starts(3) == "BBB"


@pytest.mark.parametrize("count", ["x", "11", "-1", "10"])
def test_a_count_that_nobody_wrote_is_over(count: str) -> None:
    grub = Grub()
    grub.good("A")
    grub.block["A_TRY"] = count
    assert grub.start() == "B"


def test_an_empty_block_starts_slot_a() -> None:
    assert Grub(dict.fromkeys(_NAMES, "")).starts(2) == "AA"


_KEEP = board.REPOSITORY / "image/rootfs/usr/lib/homarus/keep-committed"


@pytest.mark.parametrize(
    ("line", "before", "wrote"),
    [
        ("ro rauc.slot=B quiet", "A", "B"),
        ("rauc.slot=A quiet rauc.slot=B", "", "B"),
        ("rauc.slot=A", "A", ""),
        ("rauc.slot=C quiet", "A", ""),
    ],
)
def test_grub_is_told_once_which_slot_is_the_boxs_own(line: str, before: str, wrote: str, tmp_path: Path) -> None:
    block = tmp_path / "efi/EFI/debian/grubenv"
    for path, text in ((block, f"HOMARUS_COMMITTED={before}\n"), (tmp_path / "proc/cmdline", line)):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    told = tmp_path / "told"
    editor = tmp_path / "grub-editenv"
    editor.write_text(f'#!/bin/sh\nif [ "$2" = list ]; then cat "$1"; else echo "$2 $3" >>{told}; fi\n')
    editor.chmod(0o755)
    words = ["sh", str(_KEEP), str(tmp_path)]
    subprocess.run(words, check=True, env={"PATH": "/usr/bin:/bin", "GRUB_EDITENV": str(editor)})
    assert (told.read_text() if told.exists() else "") == (f"set HOMARUS_COMMITTED={wrote}\n" if wrote else "")


def test_a_box_without_grub_is_told_nothing(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cmdline").write_text("rauc.slot=A")
    subprocess.run(["sh", str(_KEEP), str(tmp_path)], check=True)
