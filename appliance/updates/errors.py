"""Why an update did not happen, each with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from appliance.foundation.errors import ApplianceError


class UpdateError(ApplianceError):
    """An update could not be looked for, or not be installed. `fix` is one sentence for the owner."""

    code = "update_failed"

    def __init__(self, message: str, *, code: str | None = None, fix: str = "") -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.fix = fix or FIXES.get(self.code, "")


class ManifestRefused(UpdateError):
    """What the server sent as the manifest of the channel is not believed."""

    code = "manifest_refused"


FIXES: Final[Mapping[str, str]] = {
    "manifest_signature": "Nothing was changed. If updates.url is your own server, sign the manifest with the channel "
    "key whose public half this image carries; otherwise somebody stands between the box and the server.",
    "manifest_replayed": "Nothing was changed. The server, or somebody on the way, shows an older state of the "
    "channel; the box looks again by itself.",
    "manifest_expired": "The channel has not been signed for too long; the box looks again by itself. If updates.url "
    "is your own server, run `scripts/release channel` there.",
    "manifest_channel": "Check updates.channel and updates.url: the address serves another channel.",
    "manifest_format": "Check updates.url; a manifest of another form needs a newer Homarus, installed by hand.",
    "clock_wrong": "The clock is not set. The box sets it over the network (NTP); `timedatectl` shows whether it can.",
    "network": "Check the network and updates.url; the box tries again by itself.",
    "no_source": "Set where updates come from: `homarus config set updates.url https://…`.",
    "insecure_url": "Use an https:// address for updates.url; only boxes with development keys accept plain http.",
    "offline": "`offline: true` forbids every connection. `homarus config set offline false` lets the box look again.",
    "config_refused": "`homarus config validate` names what is wrong in the section updates.",
    "signature_refused": "Nothing was changed. The bundle is not signed by a key that this box trusts.",
    "wrong_compatible": "The bundle is for another kind of box; the channel manifest is wrong. Nothing was changed.",
    "wrong_bundle": "The server does not send the bundle that the signed manifest names. Nothing will start from it.",
    "downgrade": "An older version is not installed over a newer one; `homarus update rollback` goes back one.",
    "no_space": "The slot or the disk is too small for this version; `homarus doctor` shows the disk.",
    "rauc_absent": "The update service does not answer; `systemctl status rauc` says why.",
    "rauc_busy": "Another installation is running; `homarus update status` shows it.",
    "device_mapper": "Restart the box and try again: the kernel did not let go of the last try.",
    "io_error": "Either the bundle was changed on its way, or the disk fails: `homarus doctor` looks at the disk. "
    "Nothing starts from what was written.",
    "trial_running": "The version that runs is still being tested, which takes minutes. Try again then.",
    "no_way_back": "Write the current boot loader with Raspberry Pi Imager (Misc utility images, Bootloader), or the "
    "new image to a card; `homarus backup` first.",
    "boot_loader": "The boot loader did not take the other version, and the one that runs stays; `homarus doctor` "
    "looks at the slots.",
    "no_other_slot": "Nothing was changed. What was kept by a backup comes back with `homarus backup restore FILE`.",
    "no_slot": "Restart the box and choose no line by hand; `cat /proc/cmdline` must name rauc.slot.",
    "interrupted": "The last try was broken off, likely by a power cut. The box tries again by itself.",
    "update_failed": "`journalctl -u 'homarus-update@*' -u rauc` has the details.",
    "no_box": "On this machine Homarus is not an image: `git pull` and `scripts/run` bring it up to date.",
}
