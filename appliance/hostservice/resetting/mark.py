"""Asks for a reset: the data partition gets the label, and the box restarts."""

from __future__ import annotations

import logging

from appliance.hostservice.resetting.disk import LABEL, Disk, ResetError

_log = logging.getLogger(__name__)


def mark(disk: Disk) -> None:
    """Write the label; over a file system that cannot take it, a new one is made. Raises ResetError."""
    if not disk.data.exists():
        raise ResetError("this box has no data partition that could be found; write the image again")
    if disk.try_("e2label", str(disk.data), LABEL) is None or disk.label() != LABEL:
        if disk.mounted(disk.data):
            raise ResetError("the data partition does not take a label while it is in use; restart the box, try again")
        _log.warning("the data partition is damaged: it is made anew at once")
        disk.try_("wipefs", "--all", "--force", str(disk.data))
        disk.must("mkfs.ext4", "-q", "-F", "-L", LABEL, str(disk.data))
    disk.must("sync")
    disk.must("systemctl", "--no-block", "reboot")
