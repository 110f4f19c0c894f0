"""The id of a Pi's box: read from its data partition before systemd starts, from whichever slot it was started."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from image import board as boards
from image import tools
from image.errors import ImageError
from image.layouts import pi
from image.layouts.pi import initrd
from tests.image.kept import kept_tree

_SCRIPT = Path(__file__).resolve().parents[2] / "image/layouts/pi/machine-id.sh"
_OWN = pi.early_scripts(boards.load("rpi"))
_ID = "0123456789abcdef0123456789abcdef"
# Stands in for the kernel: `data` is what partition 7 holds, and a bind copies.
_MOUNT = """\
#!/bin/sh
for last; do :; done
case $* in
*noload*)
    echo "$*" >>"$BASE/asked"
    [ -e "$BASE/data" ] || exit 32
    mkdir -p "$last/system"
    cp "$BASE/data" "$last/system/machine-id"
    ;;
*bind*) cp "$3" "$last" ;;
esac
"""
_UMOUNT = '#!/bin/sh\nrm -r "$1/system"\n'


def _boot(base: Path, device: str, kept: str | None) -> tuple[str, list[str]]:
    """Return /etc/machine-id of the root afterwards, and how partitions were mounted."""
    for folder in ("root/etc", "run", "programs"):
        (base / folder).mkdir(parents=True)
    (base / "root/etc/machine-id").touch()
    (base / "mounts").write_text(f"rootfs / rootfs rw 0 0\n{device} {base}/root erofs ro 0 0\n")
    if kept is not None:
        (base / "data").write_text(kept)
    for name, text in (("mount", _MOUNT), ("umount", _UMOUNT)):
        (base / "programs" / name).write_text(text)
        (base / "programs" / name).chmod(0o755)
    script = _SCRIPT.read_text().replace("/proc/mounts", f"{base}/mounts").replace("/run/", f"{base}/run/")
    variables = {"PATH": f"{base}/programs:/usr/bin:/bin", "BASE": str(base), "rootmnt": f"{base}/root"}
    subprocess.run(["sh", "-c", script, "homarus-machine-id"], env=variables, check=True)
    asked = (base / "asked").read_text().splitlines() if (base / "asked").exists() else []
    return (base / "root/etc/machine-id").read_text().strip(), asked


@pytest.mark.parametrize("root", ["/dev/mmcblk0p5", "/dev/mmcblk0p6", "/dev/nvme0n1p6", "/dev/sda5"])
def test_both_slots_get_the_id_from_the_same_disk(tmp_path: Path, root: str) -> None:
    found, asked = _boot(tmp_path, root, f"{_ID}\n")
    assert found == _ID
    assert len(asked) == 1
    assert f"ro,noload {root[:-1]}7 " in asked[0]


@pytest.mark.parametrize("kept", [None, "", "short\n", f"{_ID}0\n", f"{_ID[:-1]}X\n", "../../etc/passwd\n"])
def test_a_new_box_or_a_damaged_id_starts_all_the_same(tmp_path: Path, kept: str | None) -> None:
    assert _boot(tmp_path, "/dev/mmcblk0p5", kept)[0] == ""


def test_nothing_is_asked_of_a_disk_that_is_not_ours(tmp_path: Path) -> None:
    assert _boot(tmp_path, "/dev/vda1", f"{_ID}\n") == ("", [])


def test_it_waits_for_no_other_script() -> None:
    assert subprocess.run(["sh", _SCRIPT, "prereqs"], capture_output=True, check=True).stdout == b""


def _unpacked(content: bytes, folder: Path) -> dict[str, int]:
    """Unpack an archive as the kernel does; names and modes of what came out."""
    words = tools.command(["cpio", "--extract", "--quiet", "--make-directories", "--directory", folder], [folder])
    subprocess.run(words, input=content, check=True)
    return {str(each.relative_to(folder)): each.stat().st_mode & 0o777 for each in folder.rglob("*")}


@pytest.mark.image
def test_our_scripts_are_run_by_the_initial_ram_file_system_of_the_slot(tmp_path: Path) -> None:
    if kept_tree("tools") is None:
        pytest.skip("the tools tree is not here: scripts/image makes it")
    first = initrd._entry(1, 0, "init", 0o100755, b"#!/bin/sh\n") + initrd._entry(2, 0, "TRAILER!!!", 0, b"")
    (tmp_path / "initrd.img").write_bytes(first)
    made = initrd.extended(tmp_path / "initrd.img", tmp_path / "new.img", _OWN, 1735689600).read_bytes()
    assert made.startswith(first)
    assert len(made) % 4 == 0
    folder = tmp_path / "unpacked"
    folder.mkdir()
    files = _unpacked(made[len(first) :], folder)
    for name, text in _OWN.items():
        place = Path(name).parent
        assert (files.pop(name), files.pop(str(place)), files.pop(f"{place}/ORDER")) == (0o755, 0o755, 0o644)
        assert (folder / name).read_text() == text
        assert (folder / place / "ORDER").read_text().startswith(f'/{name} "$@"\n')
    assert files == {"scripts": 0o755}
    assert initrd.archive(_OWN, 1) == initrd.archive(_OWN, 1)


@pytest.mark.image
def test_scripts_that_are_there_already_are_not_hidden(tmp_path: Path) -> None:
    if kept_tree("tools") is None:
        pytest.skip("the tools tree is not here: scripts/image makes it")
    modules = (
        initrd._entry(1, 0, "usr/lib/modules", 0o040755, b"") + initrd._entry(2, 0, "TRAILER!!!", 0, b"") + bytes(512)
    )
    (tmp_path / "a.cpio").write_bytes(initrd.archive(_OWN, 1))
    tools.run(["zstd", "-q", tmp_path / "a.cpio", "-o", tmp_path / "packed"], [tmp_path])
    (tmp_path / "initrd.img").write_bytes(modules + (tmp_path / "packed").read_bytes())
    found = initrd.names((tmp_path / "initrd.img").read_bytes(), tmp_path)
    assert found[0] == "usr/lib/modules"
    with pytest.raises(ImageError, match=r"has scripts/local-top/ORDER"):
        initrd.extended(tmp_path / "initrd.img", tmp_path / "new.img", _OWN, 1)


@pytest.mark.parametrize("content", [b"\x1f\x8b packed otherwise", b"070701"])
def test_an_archive_that_is_not_understood_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "initrd.img").write_bytes(content)
    with pytest.raises(ImageError, match=r"neither plain nor packed|cut off"):
        initrd.extended(tmp_path / "initrd.img", tmp_path / "new.img", _OWN, 1)
