"""This box as the decision about an update sees it: what runs, where the records are, which keys it trusts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.host.box import Box, read_box
from appliance.host.tryboot.firmware import Tryboot, TrybootError
from appliance.updates.channel.decide import BoxFacts
from appliance.updates.channel.signature import read_keys
from appliance.updates.channel.versions import Version
from appliance.updates.errors import ManifestRefused, UpdateError
from appliance.updates.gate.command import booted_release
from appliance.updates.install.settings import Settings, read_settings
from appliance.updates.records.files import Records
from appliance.updates.trial import record
from appliance.updates.trial.copying import room_for_next, room_for_return
from appliance.updates.trial.model import Release as Tried
from appliance.updates.trial.places import Places
from appliance.updates.trial.returning import REFUSED

_KEYS: Final = "usr/lib/homarus/keys/channel.pub"
_MACHINE_ID: Final = "etc/machine-id"
_REFUSALS: Final = 3  # of one version; after that its owner has to ask for it
_MAKE_ROOM: Final = (
    "Remove models that you do not need (`homarus models list`) or old conversations, then try again; `homarus doctor`"
    " shows the disk."
)


@dataclass(frozen=True, slots=True)
class Machine:
    """A box whose file system begins at `root`. Everything is read when it is asked for."""

    root: Path = Path("/")

    @property
    def records(self) -> Records:
        return Records.on(self.root)

    @property
    def places(self) -> Places:
        return Places.on(self.root)

    def box(self) -> Box:
        """Return which image runs. Raises UpdateError where none of ours does."""
        box = read_box(self.root)
        if box is None:
            raise UpdateError("This machine does not run an image of Homarus.", code="no_box")
        return box

    def keys(self) -> tuple[Ed25519PublicKey, ...]:
        """Return the keys of channels that this image trusts. Raises ManifestRefused."""
        try:
            return read_keys((self.root / _KEYS).read_text("ascii"))
        except (OSError, UnicodeDecodeError) as error:
            raise ManifestRefused("This image carries no key of a channel.", code="manifest_signature") from error

    def settings(self) -> Settings:
        """Return what the owner wants. Raises UpdateError."""
        return read_settings(self.places.paths.config, self.root)

    def running(self) -> Tried:
        """Return the version that runs and its slot. Raises UpdateError where there are none."""
        self.box()
        found = booted_release(self.root)
        if found is None:
            raise UpdateError("The kernel was not told which slot it runs from.", code="no_slot")
        return found

    def trial_open(self) -> bool:
        """Tell whether the version that runs is not the box's own yet, or the last change is not over."""
        return record.trial(self.places) is not None

    def expect_a_way_back(self) -> None:
        """Refuse what could not be taken back, before anything is fetched. Raises UpdateError, OSError."""
        _expect_room(room_for_next(self.places), "a copy of the state of before the update")
        box = self.box()
        if box.layout != "pi":
            return  # there the boot loader counts the starts
        if not box.tryboot:  # its firmware would take the request all the same
            why = "this image has a stand-in for the kernel of Raspberry Pi, which starts no version on trial."
            fix = "Flash an image with the maker's kernel."
            raise UpdateError(f"This box cannot try a version: {why} {fix}", code="no_way_back")
        try:
            Tryboot(self.root).check_firmware()
        except TrybootError as error:
            raise UpdateError(f"This box cannot try a version: {error}", code="no_way_back") from error

    def expect_room_to_return(self) -> None:
        """Refuse a way back on which the box would be stuck. Raises UpdateError, OSError."""
        _expect_room(room_for_return(self.places), "the database of the version of before")

    def returned_from(self) -> frozenset[str]:
        """Return the versions that this box came back from: they failed here, or their owner did not want them.

        One that never started here (no room for the copy) says nothing against itself. But it is not installed every
        night for ever.
        """
        read = (record.read_report(path) for path in record.report_files(self.places))
        found = [one for one in read if one is not None]
        refused = Counter(one.target.version for one in found if one.kind == REFUSED)
        tired = {version for version, times in refused.items() if times >= _REFUSALS}
        return frozenset(one.target.version for one in found if one.kind != REFUSED) | tired

    def facts(self, settings: Settings, *, asked: bool) -> BoxFacts:
        """Return what counts of this box for a decision. Raises UpdateError."""
        box = self.box()
        try:
            version = Version(box.version)
        except ValueError as error:
            raise UpdateError(f"The version of this image is none: {error}.", code="update_failed") from error
        return BoxFacts(
            compatible=box.compatible,
            version=version,
            device=self._device(),
            zone=settings.zone,
            window=settings.window,
            auto=settings.auto,
            canary=settings.canary,
            held_until_ms=self.records.hold().until_ms,
            failed=self.returned_from(),
            trial=self.trial_open(),
            asked=asked,
        )

    def _device(self) -> str:
        """The id of the machine: it stays over updates, and only a place in a row of boxes is made from it."""
        try:
            return (self.root / _MACHINE_ID).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""


def _expect_room(missing: int, what: str) -> None:
    if missing:
        message = f"{(missing >> 20) + 1} MiB are missing on the disk for {what}."
        raise UpdateError(message, code="no_space", fix=_MAKE_ROOM)
