"""The environment block of GRUB and its copy: the power may fail at every write, and the box's own slot starts."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from image import board, tools
from image.layouts import uefi
from image.stages import base
from tests.image.kept import kept_tree

EDITOR = board.REPOSITORY / "image/rootfs/usr/lib/homarus/bin/grub-editenv"
_SIGNED = "# GRUB Environment Block"
# Debian's program as far as it matters: it opens the file to write, which empties it, and then writes (grub-editenv.c).
_DEBIANS = f"""\
#!/usr/bin/python3
import sys
from pathlib import Path
path, what, words = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
text = path.read_text()
if len(text) != 1024 or not text.startswith("{_SIGNED}\\n"):
    sys.exit("grub-editenv: error: environment block too small.")
held = dict(line.split("=", 1) for line in text.rstrip("#").splitlines()[1:])
if what == "list":
    print("".join(f"{{name}}={{value}}\\n" for name, value in held.items()), end="")
    sys.exit()
for word in words:
    name, _, value = word.partition("=")
    held.pop(name, None) if what == "unset" else held.update({{name: value}})
text = "{_SIGNED}\\n" + "".join(f"{{name}}={{value}}\\n" for name, value in held.items())
path.write_text(text.ljust(1024, "#"))
"""
# Writes as dd does; at the write that is counted the power fails, and the file is old, empty, or half of it new; or
# there is no room, and a file that was not there is empty.
_DD = """\
#!/bin/sh
count=$(cat "$BASE/count" 2>/dev/null || echo 0)
echo $((count + 1)) >"$BASE/count"
for word; do case $word in of=*) file=${word#of=} ;; esac; done
[ "$count" != "$CUT" ] && exec /usr/bin/dd "$@"
case $LEFT in
empty) : >"$file" ;;
half) /usr/bin/dd "$@" count=1 bs=512 ;;
full) : >>"$file"; exit 1 ;;
esac
kill -9 $PPID
"""
# The commands of GRUB in that part of grub.cfg; one that fails is no reason for it to stop.
_GRUB = """\
regexp() { :; }
load_env() {
    file=$2; shift 2
    [ "$(wc -c <"$file")" = 1024 ] && [ "$(head -n 1 "$file")" = "# GRUB Environment Block" ] || return 0
    for name; do
        value=$(sed -n "s/^$name=//p" "$file")
        [ -z "$value" ] || eval "$name=\\$value"
    done
}
save_env() { "$GRUB_EDITENV" "$2" set "$3=$(eval "echo \\$$3")" "$4=$(eval "echo \\$$4")" || :; }
"""


def _decision() -> str:
    text = uefi.grub_configuration(board.load("qemu-amd64"))
    part = text[text.index("load_env") : text.index("\n# start SLOT")]
    return re.sub(r"\bset (\w+)=", r"\1=", part)


@dataclass
class Card:
    """The set-up partition, and the programs that write on it."""

    base: Path

    @property
    def block(self) -> Path:
        return self.base / "efi/grubenv"

    def edit(self, *words: str, cut: int = -1, left: str = "") -> tuple[int, str]:
        (self.base / "count").unlink(missing_ok=True)
        more = {"CUT": str(cut), "LEFT": left, "BASE": str(self.base), "TMPDIR": str(self.base)}
        done = subprocess.run(
            ["sh", str(EDITOR), str(self.block), *words],
            env={"PATH": f"{self.base}/programs:/usr/bin:/bin", "GRUB_EDITENV": self._debians, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    @property
    def writes(self) -> int:
        count = self.base / "count"
        return int(count.read_text()) if count.exists() else 0

    def start(self) -> str:
        done = subprocess.run(
            ["sh", "-euc", f'{_GRUB}\n{_decision()}\necho "slot=$slot"'],
            env={
                "PATH": "/usr/bin:/bin", "GRUB_EDITENV": self._debians, "prefix": str(self.block.parent), "root": "",
                **dict.fromkeys(("ORDER", "A_OK", "A_TRY", "B_OK", "B_TRY", "HOMARUS_COMMITTED", "try"), ""),
            },
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.rpartition("slot=")[2].strip()

    def held(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.edit("list")[1].splitlines())

    @property
    def _debians(self) -> str:
        return str(self.base / "programs/debians")


def _copy(card: Card) -> Path:
    return card.block.with_name("grubenv.copy")


@pytest.fixture
def card(tmp_path: Path) -> Card:
    """A box that was updated: B is its own slot, and A can still be started."""
    made = Card(tmp_path)
    for name, text in (("debians", _DEBIANS), ("dd", _DD)):
        path = tmp_path / "programs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    made.block.parent.mkdir()
    for path in (made.block, _copy(made)):
        path.write_bytes(uefi.environment_block())
    assert made.edit("set", "ORDER=B A", "B_OK=1", "B_TRY=0", "HOMARUS_COMMITTED=B")[0] == 0
    return made


def test_without_a_cut_both_say_the_same_and_what_says_it_already_is_not_written_again(card: Card) -> None:
    assert card.held() == {
        "ORDER": "B A", "A_OK": "1", "A_TRY": "0", "B_OK": "1", "B_TRY": "0", "HOMARUS_COMMITTED": "B",
    }  # fmt: skip
    assert card.block.read_bytes() == _copy(card).read_bytes()
    assert card.edit("set", "B_TRY=0")[0] == 0
    assert card.writes == 0
    assert card.start() == "B"
    assert card.edit("set", "B_TRY=0")[0] == 0
    assert card.writes == 1, "GRUB counted in the block; the copy says 0 already"
    assert card.edit("unset", "HOMARUS_COMMITTED")[0] == 0
    assert b"COMMITTED" not in card.block.read_bytes() + _copy(card).read_bytes()


@pytest.mark.parametrize(("cut", "left"), list(product((0, 1), ("old", "empty", "half"))))
def test_a_cut_in_any_write_starts_the_boxs_own_slot_and_is_mended(card: Card, cut: int, left: str) -> None:
    machine = "MACHINE_ID=0123456789abcdef0123456789abcdef"
    assert card.edit("set", machine, cut=cut, left=left)[0] != 0
    assert [card.start() for _ in range(10)] == ["B"] * 10
    assert [card.start() for _ in range(3)] == ["A"] * 3, "it counts, wherever"
    assert card.edit("set", "A_TRY=0", "B_TRY=0")[0] == 0
    assert card.edit("set", machine)[0] == 0
    assert card.held()["MACHINE_ID"] in machine
    assert card.block.read_bytes() == _copy(card).read_bytes()
    assert card.start() == "B"


@pytest.mark.parametrize(("cut", "left"), list(product((0, 1), ("old", "empty", "half"))))
def test_a_cut_while_another_slot_is_chosen_leaves_the_choice_before_or_after_it(
    card: Card, cut: int, left: str
) -> None:
    card.edit("set", "ORDER=A B", "A_OK=1", "A_TRY=0", cut=cut, left=left)
    assert card.start() == ("B" if (cut, left) in ((0, "old"), (0, "empty"), (0, "half"), (1, "old")) else "A")


@pytest.mark.parametrize("lost", ["empty", "gone", "garbage"])
def test_a_block_that_somebody_spoilt_is_made_again_by_the_next_look(card: Card, lost: str) -> None:
    whole = card.block.read_bytes()
    if lost == "gone":
        card.block.unlink()
    else:
        card.block.write_bytes(b"" if lost == "empty" else b"x" * 1024)
    assert card.edit("list")[0] == 0
    assert card.block.read_bytes() == whole


@pytest.mark.parametrize("copy", ["a folder", "no room"])
def test_a_copy_that_cannot_be_written_keeps_nobody_from_marking(card: Card, copy: str) -> None:
    _copy(card).unlink()
    if copy == "a folder":
        _copy(card).mkdir()
    code, _ = card.edit("set", "ORDER=A B", "A_TRY=0", cut=-1 if copy == "a folder" else 0, left="full")
    assert code == 0
    assert card.held()["ORDER"] == "A B"
    assert card.start() == "A"


def test_a_block_that_cannot_be_written_is_a_failure_and_leaves_the_copy(card: Card) -> None:
    before = _copy(card).read_bytes()
    card.block.write_bytes(b"x" * 1024)
    assert card.edit("set", "ORDER=A B", cut=0, left="full")[0] != 0
    assert _copy(card).read_bytes() == before
    code, said = card.edit("list", cut=0, left="full")
    assert (code, "ORDER=B A" in said.splitlines()) == (0, True), "what only reads needs no room"
    assert card.start() == "B"
    card.block.write_bytes(before)
    assert card.edit("set", "ORDER=A B", cut=1, left="full")[0] != 0


def test_without_block_and_copy_debians_program_says_what_is_wrong(card: Card) -> None:
    for path in (card.block, _copy(card)):
        path.write_bytes(b"")
    assert card.edit("list")[0] != 0
    assert card.start() == "A"


def test_rauc_finds_ours_before_debians() -> None:
    unit = board.REPOSITORY / "image/rootfs/usr/lib/systemd/system/rauc.service.d/10-homarus.conf"
    (path,) = re.findall(r"(?m)^Environment=PATH=(.*)$", unit.read_text())
    assert path.split(":")[0] == "/usr/lib/homarus/bin"
    assert "/usr/bin" in path.split(":")
    assert os.access(EDITOR, os.X_OK)


def test_a_new_box_has_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "unpacked", lambda *_, **__: tmp_path)
    found = uefi._setup_files(board.load("qemu-amd64"), tmp_path)
    assert found["EFI/debian/grubenv"].read_bytes() == found["EFI/debian/grubenv.copy"].read_bytes()


@pytest.mark.image
def test_debians_own_program_takes_what_ours_gives_it(tmp_path: Path) -> None:
    if kept_tree("tools") is None:
        pytest.skip("scripts/image has not made its tools here")
    block = tmp_path / "grubenv"
    block.write_bytes(uefi.environment_block())
    ours = ["env", f"TMPDIR={tmp_path}", "sh", str(EDITOR), str(block)]
    tools.run([*ours, "set", "ORDER=B A", "B_TRY=2"], [tmp_path])
    assert block.read_bytes() == block.with_name("grubenv.copy").read_bytes()
    assert len(block.read_bytes()) == 1024
    block.write_bytes(b"")
    assert "ORDER=B A" in tools.run([*ours, "list"], [tmp_path]).splitlines()
    assert len(block.read_bytes()) == 1024
    tools.run(["grub-script-check", str(_checked(tmp_path))], [tmp_path])


def _checked(folder: Path) -> Path:
    path = folder / "grub.cfg"
    path.write_text(uefi.grub_configuration(board.load("qemu-amd64")))
    return path
