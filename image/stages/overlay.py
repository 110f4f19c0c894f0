"""Our files over the base root: `image/rootfs/`, the units of `systemd/`, and what is written from the board's data."""

import json
import os
import shutil
from pathlib import Path

from image import layouts, tools
from image.board import REPOSITORY
from image.context import Context

ROOTFS = REPOSITORY / "image" / "rootfs"
UNITS = REPOSITORY / "systemd"
# Units and drop-ins are copied as they are; the rest of systemd/ goes where its kind belongs.
_UNIT_KINDS = {".service", ".socket", ".target", ".slice", ".timer", ".path", ".mount", ".automount", ".d"}
_OTHER_KINDS = {".sysusers.conf": "sysusers.d", ".tmpfiles.conf": "tmpfiles.d", ".preset": "systemd/system-preset"}
# Made at build and never again: /etc is read-only, and asking at every boot costs seconds.
_MASKED = (
    "apt-daily.service", "apt-daily-upgrade.service", "dpkg-db-backup.service", "getty-static.service",
    "ldconfig.service", "systemd-firstboot.service", "systemd-hwdb-update.service",
    "systemd-journal-catalog-update.service", "systemd-machine-id-commit.service", "systemd-sysusers.service",
    "systemd-update-done.service",
)  # fmt: skip
# Partitions are found by our own rule; SSH listens where our configuration says, not on virtual sockets as well.
_NO_GENERATORS = ("systemd-gpt-auto-generator", "systemd-ssh-generator", "systemd-hibernate-resume-generator")
_LINKS = {
    "etc/resolv.conf": "../run/systemd/resolve/stub-resolv.conf",
    "etc/localtime": "../data/system/localtime",
    "etc/timezone": "../data/system/timezone",
    "etc/default/locale": "../locale.conf",
    "etc/mtab": "../proc/self/mounts",
    "etc/homarus/box.json": "../../usr/lib/homarus/box.json",
}
_FOLDERS = ("data", "efi", "var/lib/homarus", "var/lib/NetworkManager", "var/lib/systemd", "var/lib/tailscale")


def apply(root: Path, context: Context) -> None:
    """Write everything of ours but the application into a copy of the base root."""
    _copy_tree(ROOTFS, root)
    _install_units(root)
    for each in _FOLDERS:
        (root / each).mkdir(parents=True, exist_ok=True)
    for name, aim in _LINKS.items():
        link(root / name, aim)
    for name in _MASKED:
        link(root / "etc/systemd/system" / name, "/dev/null")
    for name in _NO_GENERATORS:
        link(root / "etc/systemd/system-generators" / name, "/dev/null")
    for path, text in {**_generated(context), **layouts.of(context.board).files(context.board)}.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(0o755 if text.startswith("#!") else 0o644)
    _install_trust(root, context)
    # Users first: a preset may name a unit whose user is new.
    tools.run(["systemd-sysusers", f"--root={root}"], [root])
    tools.run(["systemctl", f"--root={root}", "preset-all"], [root])


def link(path: Path, aim: str) -> None:
    """Put a symbolic link at path, whatever is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(aim)


def _copy_tree(source: Path, root: Path) -> None:
    for path in sorted(source.rglob("*")):
        target = root / path.relative_to(source)
        if path.is_symlink():
            link(target, os.readlink(path))
        elif path.is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.unlink(missing_ok=True)
            shutil.copyfile(path, target)
            target.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _install_units(root: Path) -> None:
    for path in sorted(UNITS.iterdir()):
        other = next((folder for kind, folder in _OTHER_KINDS.items() if path.name.endswith(kind)), None)
        if other is not None:
            name = path.name.replace(".sysusers.conf", ".conf").replace(".tmpfiles.conf", ".conf")
            if other.endswith("preset"):  # before ours, whose last line turns off the rest
                name = f"20-{name}"
            target = root / "usr/lib" / other / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            target.chmod(0o644)
        elif path.suffix in _UNIT_KINDS:
            target = root / "usr/lib/systemd/system" / path.name
            if path.is_dir():
                target.mkdir(exist_ok=True)
                _copy_tree(path, target)
            else:
                shutil.copyfile(path, target)
                target.chmod(0o644)


def _generated(context: Context) -> dict[str, str]:
    board = context.board
    box = {
        "board": board.name,
        "version": context.version,
        "build": context.build,
        "compatible": board.compatible,
        "layout": board.layout,
        "tryboot": board.tryboot,
        "kernel": board.kernel.source,
        "keys": context.trust.kind,
    }
    release = (
        f'DEFAULT_HOSTNAME=homarus\nIMAGE_ID=homarus\nIMAGE_VERSION="{context.version}"\nVARIANT_ID={board.name}\n'
    )
    return {
        "usr/lib/homarus/box.json": json.dumps(box, indent=1) + "\n",
        "usr/lib/homarus/hardware.json": json.dumps(
            {**board.hardware, "screens": board.screens, "serial": board.serial}, indent=1, sort_keys=True
        )
        + "\n",
        "usr/lib/homarus/os-release.extra": release,
        "usr/lib/modules-load.d/homarus-board.conf": "".join(f"{each}\n" for each in board.kernel.late_modules),
        "etc/rauc/system.conf": _rauc(context),
        "etc/hostname": "",
        "usr/lib/clock-epoch": "",
    }


def _rauc(context: Context) -> str:
    return f"""\
# Written from the data of the board.
[system]
compatible={context.board.compatible}
bundle-formats=-plain
# Signed and older than what runs: a hole that was closed would be open again. The way back is the other slot.
min-bundle-version={context.version}
# What was written starts next only after the updater looked at it (appliance/updates/install/apply.py).
activate-installed=false
data-directory=/data/system/rauc
mountprefix=/run/rauc/mnt
{layouts.of(context.board).rauc()}
[keyring]
path=/etc/rauc/keyring.pem
check-purpose=codesign
# No network time yet is no reason to refuse; what is old is refused by the channel's manifest.
use-bundle-signing-time=false

[slot.rootfs.0]
device=/dev/disk/by-slot/root_a
type=raw
bootname=A

[slot.boot.0]
device=/dev/disk/by-slot/boot_a
type=raw
parent=rootfs.0

[slot.rootfs.1]
device=/dev/disk/by-slot/root_b
type=raw
bootname=B

[slot.boot.1]
device=/dev/disk/by-slot/boot_b
type=raw
parent=rootfs.1
"""


def _install_trust(root: Path, context: Context) -> None:
    keys = root / "usr/lib/homarus/keys"
    keys.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(context.trust.channel, keys / "channel.pub")
    if context.trust.url is not None:
        shutil.copyfile(context.trust.url, keys / "channel.url")
    shutil.copyfile(context.trust.keyring, root / "etc/rauc/keyring.pem")
    extra = root / "usr/lib/homarus/os-release.extra"
    release = root / "usr/lib/os-release"
    release.write_text(release.read_text().rstrip("\n") + "\n" + extra.read_text())
    extra.unlink()
