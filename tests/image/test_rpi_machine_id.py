"""The id of a Pi's box: read from its data partition before systemd starts, from whichever slot it was started."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).resolve().parents[2] / "image/layouts/pi/initramfs/homarus-machine-id"
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
    assert subprocess.run([_SCRIPT, "prereqs"], capture_output=True, check=True).stdout == b""
