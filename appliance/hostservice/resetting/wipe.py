"""The reset itself, early in a start, before the data partition is mounted.

The card's set-up files go first and the data partition last: its label is what asks for all of it, so a power cut
anywhere in between begins again.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from appliance.firstboot.card import Card
from appliance.firstboot.reading.look import CANDIDATES, FOREIGN
from appliance.firstboot.values import SAID
from appliance.hostservice.resetting.disk import LABEL, PLAIN, Disk, ResetError

_log = logging.getLogger(__name__)
_WIFI: Final = "homarus-wifi.txt"
_GRUBENV: Final = ("EFI/debian/grubenv", "EFI/debian/grubenv.copy")
_EDITOR: Final = "/usr/lib/homarus/bin/grub-editenv"  # of both
_ASKED: Final = "homarus.reset"
_HEAD_BYTES: Final = 16 << 20


def asked(disk: Disk) -> bool:
    """Tell whether a reset was asked for: by the label, or in the menu of the boot loader."""
    return disk.label() == LABEL or _ASKED in _command_line(disk)


def wipe(disk: Disk, folder: Path) -> bool:
    """Forget everything and restart; False where nobody asked. `folder`: where to mount the card. Raises ResetError."""
    if not asked(disk):
        return False
    if disk.mounted(disk.data):
        raise ResetError("the data partition is already in use; nothing was done")
    _log.warning("factory reset: everything on the data partition is removed")
    _clean_card(disk, folder)
    # A disk that can forget blocks forgets them; on another one the old content stays until something is written over
    # it. What holds the label is left to the next step: as long as that has not ended, the label asks for a reset.
    disk.try_("blkdiscard", "--force", "--offset", str(_HEAD_BYTES), str(disk.data))
    disk.must("mkfs.ext4", "-q", "-F", "-E", "nodiscard", "-L", PLAIN, str(disk.data))
    disk.must("sync")
    # This start has the old machine id, from the boot loader: it must not be kept for the new box.
    disk.must("systemctl", "--no-block", "reboot")
    return True


def _clean_card(disk: Disk, root: Path) -> None:
    """Remove what was set up on partition 1. A card that cannot be read keeps nobody from a reset."""
    card = Card(root)
    try:
        card.folder.mkdir(parents=True, exist_ok=True)
        disk.must("mount", "-t", "vfat", "-o", "umask=0077,sync,nodev,nosuid,noexec", str(disk.setup), str(card.folder))
    except (OSError, ResetError) as error:
        _log.error("the set-up partition is left as it is: %s", error)
        return
    try:
        card.remove(card.names(), (*CANDIDATES, *FOREIGN, SAID, _WIFI))
        if any((card.folder / name).exists() for name in _GRUBENV):
            disk.must(_EDITOR, str(card.folder / _GRUBENV[0]), "unset", "MACHINE_ID")
    except (OSError, ResetError) as error:
        _log.error("the set-up partition could not be cleaned: %s", error)
    finally:
        disk.try_("umount", str(card.folder))


def _command_line(disk: Disk) -> list[str]:
    try:
        words = (disk.root / "proc/cmdline").read_text().split()
    except OSError:
        return []
    return [word.partition("=")[0] for word in words if word.partition("=")[2] not in ("0", "no", "false")]
