"""Disks of Homarus in one Raspberry Pi, on files: the box's own scripts read and write them, a power cut may come."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from image import board as boards
from image.layouts import pi
from image.layouts.pi import facts

BOARD = boards.load("rpi")
EVERYBODYS = facts.read(BOARD.folder).disk_signature
MODES = {"mmcblk0": 1, "sda": 4, "sdb": 4, "nvme0n1": 6}
_WRITTEN = ("cmdline_a.txt", "cmdline_b.txt")
# A cut before the write that CUT names: the shell that waits for it is gone too.
_DD = """\
#!/bin/sh
count=$(($(cat "$BASE/writes" 2>/dev/null || echo 0) + 1))
echo "$count" >"$BASE/writes"
if [ "$count" = "${CUT:-0}" ]; then kill -9 $PPID; exit 1; fi
exec /usr/bin/dd "$@"
"""
_MOUNT = """\
#!/bin/sh
for last; do :; done
case $* in *remount*)
    case $(readlink "$last") in *"${FAILS:-none}") echo "cannot remount" >&2; exit 32 ;; esac
    exit 0
    ;;
esac
from=$(($# - 1)); eval "from=\\${$from}"
[ -d "$from" ] || exit 32
rm -r "$last"; ln -s "$from" "$last"
"""
_UMOUNT = '#!/bin/sh\nrm "$1"; mkdir "$1"\n'


@dataclass(frozen=True, slots=True)
class Disk:
    """A folder: `disk` begins with the MBR, `boot_a` and `boot_b` are what the FAT of a slot holds."""

    folder: Path

    @classmethod
    def flashed(cls, folder: Path) -> Disk:
        """A disk as it was written from the image: slot B is empty."""
        folder.mkdir(parents=True)
        entries = [(0x0C, 2048), (0x0C, 4096), (0x0C, 6144), (0x0F, 8192)]
        table = b"".join(struct.pack("<4xB3xII", kind, start, 2048) for kind, start in entries)
        mbr = bytes(440) + bytes.fromhex(EVERYBODYS)[::-1] + bytes(2) + table + b"\x55\xaa"
        (folder / "disk").write_bytes(mbr + bytes(16 << 10))
        (folder / "boot_b").mkdir()
        made = cls(folder)
        made.install("A")
        return made

    def install(self, slot: str) -> None:
        """Write the files of an image into a slot, as RAUC does."""
        folder = self.folder / f"boot_{slot.lower()}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in _WRITTEN:
            shutil.copyfile(BOARD.folder / name, folder / name)

    def copy(self, folder: Path) -> Disk:
        shutil.copytree(self.folder, folder)
        return Disk(folder)

    def id(self) -> str:
        return (self.folder / "disk").read_bytes()[440:444][::-1].hex()

    def rename(self, name: str) -> None:
        """What another computer may do to a disk whose id it has seen before."""
        with (self.folder / "disk").open("r+b") as file:
            file.seek(440)
            file.write(bytes.fromhex(name)[::-1])

    def line(self, slot: str) -> str:
        """The command line that the firmware takes from a slot (config.txt)."""
        return (self.folder / f"boot_{slot.lower()}" / f"cmdline_{slot.lower()}.txt").read_text()

    def told(self, slot: str) -> str:
        """Which disk the slot names."""
        return next(word.partition("=")[2] for word in self.line(slot).split() if word.startswith("homarus.disk="))

    def name(self, *slots: str, cut: int = 0, fails: str = "") -> int:
        """Run `name-disk` in a box that started from this disk; return how often it wrote.

        `cut`: the power fails before that write. `fails`: `boot_a` or `boot_b`, which cannot be written.
        """
        base = self.folder / "box"
        shutil.rmtree(base, ignore_errors=True)
        for each in ("sys/dev/block/mmcblk0/p5", "programs", "run", "dev/disk/by-slot"):
            (base / each).mkdir(parents=True)
        (base / "sys/dev/block/179:5").symlink_to("mmcblk0/p5")
        (base / "dev/mmcblk0").symlink_to(self.folder / "disk")
        for letter in "ab":
            if any((self.folder / f"boot_{letter}").iterdir()):
                (base / f"dev/disk/by-slot/boot_{letter}").symlink_to(self.folder / f"boot_{letter}")
        programs = {"dd": _DD, "mount": _MOUNT, "umount": _UMOUNT, "mountpoint": "#!/bin/sh\necho 179:5\n"}
        for name, text in programs.items():
            (base / "programs" / name).write_text(text)
            (base / "programs" / name).chmod(0o755)
        script = pi.script(BOARD, "name-disk.sh")
        for place in ("/sys/dev/", "/run/", "/dev/disk/", "/dev/$"):
            script = script.replace(place, f"{base}{place}")
        done = _run(script, base, *slots, variables={"CUT": str(cut), "FAILS": fails or "none"})
        assert done.returncode == (-9 if cut else 1 if fails else 0), done.stderr
        assert cut or not (base / "run/homarus-name-disk").is_symlink(), "a slot is still mounted"
        return int((base / "writes").read_text()) if (base / "writes").exists() else 0


def _run(
    script: str, base: Path, *words: str, variables: dict[str, str], shell: tuple[str | Path, ...] = ("sh",)
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{base}/programs:/usr/sbin:/usr/bin:/sbin:/bin", "BASE": str(base), **variables}
    command = [*shell, "-c", script, "script", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@dataclass(frozen=True, slots=True)
class Found:
    """What the initial RAM file system takes for its root, "" for nothing; what the screen says; seconds waited."""

    root: str
    screen: str
    waited: int


def start(
    folder: Path,
    disks: dict[str, Disk],
    line: str,
    *,
    mode: int | None,
    late: dict[str, int] | None = None,
    shell: tuple[str | Path, ...] = ("sh",),
) -> Found:
    """Run what looks for the root, in a Pi with disks by their names in the kernel; `late` appear after seconds."""
    base = folder / "early"
    shutil.rmtree(base, ignore_errors=True)
    for each in ("proc/device-tree/chosen/bootloader", "sys/class/block", "dev", "conf", "programs", "later"):
        (base / each).mkdir(parents=True)
    (base / "proc/cmdline").write_text(line)
    if mode is not None:
        (base / "proc/device-tree/chosen/bootloader/boot-mode").write_bytes(mode.to_bytes(4, "big"))
    for name, disk in disks.items():
        after = (late or {}).get(name, 0)
        _plug(base / "later" / str(after) if after else base / "sys/class/block", name)
        (base / "dev" / name).symlink_to(disk.folder / "disk")
        for number, slot in ((2, "a"), (3, "b")):
            lines = sorted((disk.folder / f"boot_{slot}").glob("cmdline_*"))
            part = b"".join(line.read_bytes().ljust(4096, b"\0") for line in lines)
            (base / "dev" / f"{_part(name)}{number}").write_bytes(bytes(1 << 20) + part + bytes(1 << 20))
    (base / "programs/sleep").write_text(
        "#!/bin/sh\nnow=$(($(cat $BASE/now 2>/dev/null || echo 0) + 1)); echo $now >$BASE/now\n"
        "if [ -d $BASE/later/$now ]; then cp -r $BASE/later/$now/. $BASE/sys/class/block/; fi\n"
    )
    (base / "programs/sleep").chmod(0o755)
    script = pi.script(BOARD, "root-disk.sh")
    for place in ("/sys/class/", "/proc/", "/conf/", "/dev/console", "/dev/$disk", '"/dev/$part$slot'):
        script = script.replace(place, place.replace("/", f"{base}/", 1))
    script = script.replace(">" + f"{base}/dev/console", ">>" + f"{base}/dev/console")  # a file, not a screen
    done = _run(script, base, variables={}, shell=shell)
    assert done.returncode == 0, done.stderr
    root = _text(base / "conf/param.conf").strip().removeprefix("ROOT=/dev/")
    return Found(root, _text(base / "dev/console"), int(_text(base / "now") or 0))


def _plug(block: Path, name: str) -> None:
    part = _part(name)
    for number in (1, 2, 3, 5, 6, 7):
        (block / name / f"{part}{number}").mkdir(parents=True)
        (block / f"{part}{number}").mkdir()


def _part(name: str) -> str:
    return name if name.startswith("sd") else f"{name}p"


def _text(path: Path) -> str:
    return path.read_text() if os.path.exists(path) else ""
