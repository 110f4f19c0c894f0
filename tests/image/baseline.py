"""A bare Debian of the box's own suite, to compare with: kernel, systemd, network, SSH and Python, nothing of ours."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from image.apt import Bootstrap
from image.cache import cached, key_of
from tests.image import tools
from tests.image.guest import CommandError
from tests.image.machine import Machine, Setup, fork_disk
from tests.image.waiting import until

_PACKAGES = (
    "linux-image-amd64",
    "systemd-sysv",
    "udev",
    "dbus",
    "iproute2",
    "openssh-server",
    "python3",
    "zstd",
)
_EPOCH = 1735689600
_SIZE = "2G"
_NETWORK = "[Match]\nName=en*\n[Network]\nDHCP=yes\n"
_BOOT_S = 400.0
_FINISHED = "systemctl -q is-active ssh && systemctl show multi-user.target -p ActiveEnterTimestampMonotonic --value"


def make() -> tuple[Path, Path, Path]:
    """Return disk, kernel and initial RAM disk of a bare Debian; made once and kept (needs root)."""
    bootstrap = Bootstrap(_PACKAGES, "amd64")
    folder = cached("bare-debian", key_of(bootstrap, _NETWORK, _SIZE), lambda place: _build(bootstrap, place))
    return folder / "disk.raw", folder / "vmlinuz", folder / "initrd.img"


def _build(bootstrap: Bootstrap, place: Path) -> None:
    place.mkdir()
    tree = place / "tree"
    subprocess.run(bootstrap.command(tree, _EPOCH), check=True, capture_output=True)
    (tree / "etc/systemd/network/net.network").write_text(_NETWORK)
    (tree / "etc/machine-id").write_text("")
    subprocess.run(["chroot", tree, "systemctl", "enable", "systemd-networkd"], check=True, capture_output=True)
    for name in ("vmlinuz", "initrd.img"):  # links into /boot
        shutil.copy(tree / name, place / name)
    tools.run("mke2fs", "-q", "-t", "ext4", "-d", tree, place / "disk.raw", _SIZE)
    subprocess.run(["rm", "-rf", "--one-file-system", tree], check=True)


def seconds_to_ready(folder: Path) -> float:
    """Boot it and return the seconds from the start of its kernel until SSH is up and the boot is finished."""
    disk, kernel, initrd = make()
    words = ("-kernel", str(kernel), "-initrd", str(initrd), "-append", "root=/dev/vda rw console=ttyS0 quiet")
    machine = Machine(fork_disk(disk, folder, "bare"), "bare", Setup(more=words))
    try:
        machine.start()
        machine.guest.wait(_BOOT_S)

        def finished() -> str:
            try:
                return machine.guest.shell(_FINISHED).strip("0\n")
            except CommandError:
                return ""

        return int(until(finished, timeout_s=_BOOT_S, what="the boot of a bare Debian")) / 1e6
    finally:
        machine.close()
