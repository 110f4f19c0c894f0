"""The root file system made final: what must differ between boxes is gone, modules are compiled, times are bounded."""

import os
import shutil
import stat
from pathlib import Path

from image import tools
from image.cache import remove
from image.errors import ImageError
from image.stages.overlay import link

# What a box makes itself, or what only the building machine needed.
_REMOVED = (
    "etc/ssh/ssh_host_*",  # keys of the building machine: with them every box could pretend to be every other
    "var/lib/dbus/machine-id",  # systemd would take it for the id of every box
    "var/lib/systemd/*",
    "var/lib/NetworkManager/*",
    "var/log/*",
    "var/cache/*",
    "var/tmp/*",
    "var/backups/*",
    "var/lib/apt/*",
    "var/lib/dpkg/*-old",
    "var/lib/dpkg/lock*",
    "var/lib/dpkg/triggers/Lock",
    "var/lib/initramfs-tools/*",
    "var/lib/ucf/*",
    "var/lib/grub",
    "etc/*-",
    "etc/.pwd.lock",
    "etc/.resolv.conf*",
    "etc/dpkg/dpkg.cfg.d/*",
    "etc/apt/sources.list*",
    "etc/apt/apt.conf.d/*",
    "etc/initramfs-tools",
    "etc/kernel",
    "etc/grub.d",
    "etc/default/grub*",
    "etc/cron.*",
    "boot/*",
    "run/*",
    "tmp/*",
    "root/.bash*",
    "usr/share/doc-base",
    "usr/share/initramfs-tools",
    "usr/lib/python3*/ensurepip",
    "usr/lib/python3*/idlelib",
    "usr/lib/python3*/test",
)
_BOOT_FILES = ("usr/lib/linux-image-*", "usr/lib/raspi-firmware")  # device trees, overlays, start files
_PRIVILEGED = stat.S_ISUID | stat.S_ISGID
_MAY_BE_PRIVILEGED = {
    "usr/bin/sudo",  # the owner's way to root
    "usr/lib/dbus-1.0/dbus-daemon-launch-helper",  # the bus starts services with it; only the bus may run it
    "usr/sbin/unix_chkpwd",  # asks for the state of one's own account
}
_PYTHON = ("usr/lib/python3", "usr/lib/python3.13")


def take_kernel(root: Path, target: Path) -> str:
    """Move kernel and initial RAM file system out of the root into `target`; return the kernel's release."""
    releases = sorted(each.name for each in (root / "usr/lib/modules").iterdir())
    if len(releases) != 1:
        raise ImageError(f"the root file system must have one kernel, not {releases}")
    target.mkdir(parents=True, exist_ok=True)
    for name, aim in (("vmlinuz", "vmlinuz"), ("initrd.img", "initrd.img")):
        shutil.move(root / "boot" / f"{name}-{releases[0]}", target / aim)
    for pattern in _BOOT_FILES:  # read by the firmware from the boot slot, not from the root
        for path in sorted(root.glob(pattern)):
            shutil.move(path, target / path.name)
    return releases[0]


def clean(root: Path) -> None:
    """Remove what must not be the same on every box, and what nobody needs there."""
    for pattern in _REMOVED:
        for path in sorted(root.glob(pattern)):
            remove(path)
    machine_id = root / "etc/machine-id"
    machine_id.unlink(missing_ok=True)
    machine_id.write_text("")  # empty, not missing: given on the kernel's command line, drawn at the first boot
    _check_accounts(root / "etc/shadow")
    _drop_privileged_bits(root)
    link(root / "var/run", "/run")
    link(root / "var/lock", "/run/lock")
    (root / "var/tmp").mkdir(exist_ok=True)
    os.chmod(root / "var/tmp", 0o1777)


def _check_accounts(shadow: Path) -> None:
    for line in shadow.read_text().splitlines():
        name, password, *_ = line.split(":")
        if password not in {"*", "!", "!*"}:
            raise ImageError(f"the account {name} has a password (or none is asked): an image must not ship one")


def _drop_privileged_bits(root: Path) -> None:
    """No program runs as somebody else than who starts it, but these: a box has no users who change their passwords."""
    for folder in ("usr", "opt"):
        for path in (root / folder).rglob("*"):
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode) and mode & _PRIVILEGED and str(path.relative_to(root)) not in _MAY_BE_PRIVILEGED:
                path.chmod(stat.S_IMODE(mode) & ~_PRIVILEGED)


def compile_python(root: Path) -> None:
    """Compile Debian's modules for good: the times of files are not those that Debian's own bytecode names."""
    for folder in _PYTHON:
        for cache in sorted((root / folder).rglob("__pycache__")):
            remove(cache)
    words = ["python3", "-m", "compileall", "-q", "-f", "-j", "1", "--invalidation-mode", "unchecked-hash"]
    places = [root / each for each in _PYTHON]
    tools.run([*words, "-s", root, "-p", "/", *places], [root], environment={"PYTHONHASHSEED": "0"})


def pack(root: Path, target: Path, epoch: int, identity: str) -> None:
    """Make the erofs image, uncompressed: the download is compressed anyway, and a delta stays small."""
    words = ["mkfs.erofs", "--quiet", f"-T{epoch}", "--mkfs-time", "--preserve-mtime", "-U", identity, "-x-1"]
    tools.run([*words, "-L", "homarus", target, root], [root, target.parent])
