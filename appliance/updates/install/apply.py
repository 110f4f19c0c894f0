"""Installs what the channel offers into the other slot, and does not let the box start from anything else.

RAUC only writes (`activate-installed=false` in its configuration): the slot is looked at first, and only what the
channel named starts next. RAUC 1.13 cannot be told which manifest a bundle must have (`require-manifest-hash` came
later), and it goes on by itself when this process gives up or is killed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from appliance.foundation.clock import Clock
from appliance.host.rauc import BundleInfo, Progress, RaucAbsent, RaucError, Slot
from appliance.updates.channel.manifest import Release
from appliance.updates.errors import UpdateError
from appliance.updates.install.verdict import failure
from appliance.updates.records.model import Phase

_POLL_S: Final = 1.0
_SILENT_S: Final = 1800.0
"""Without a step of progress. Hashing a slot of 2 GiB on the slowest board takes minutes; half an hour is a hang."""

Told = Callable[[Phase, int, str], None]
"""Hears what happens, how far it is in percent, and RAUC's word for it."""


class Installer(Protocol):
    """RAUC (host.rauc)."""

    @property
    def operation(self) -> str: ...
    @property
    def last_error(self) -> str: ...
    @property
    def progress(self) -> Progress: ...
    @property
    def compatible(self) -> str: ...
    def install(self, source: str) -> None: ...
    def inspect(self, source: str) -> BundleInfo: ...
    def slots(self) -> tuple[Slot, ...]: ...
    def mark(self, state: str, slot: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Wait:
    """How to wait between two looks."""

    clock: Clock
    sleep: Callable[[float], None]


def install(rauc: Installer, release: Release, wait: Wait, told: Told) -> bool:
    """Install a release into the other slot; return whether it took a second try. Raises UpdateError."""
    try:
        _expect_right_bundle(rauc, release, told)
        retried = _with_one_retry(rauc, release, wait, told)
        told(Phase.ACTIVATING, 100, "")
        _activate(rauc, _right_slot(rauc, release))
    except RaucAbsent as error:
        raise UpdateError(f"RAUC does not answer: {error}", code="rauc_absent") from error
    except RaucError as error:
        raise failure(str(error)) from error
    return retried


def _expect_right_bundle(rauc: Installer, release: Release, told: Told) -> None:
    """Refuse early what the server must not send: RAUC checks the signature, the channel says which bundle."""
    told(Phase.VALIDATING, 0, "")
    info = rauc.inspect(release.url)
    if info.compatible and info.compatible != rauc.compatible:
        message = f"The bundle is for {info.compatible}, this box is {rauc.compatible}."
        raise UpdateError(message, code="wrong_compatible")
    _same(release, info.version, info.hash)


def _with_one_retry(rauc: Installer, release: Release, wait: Wait, told: Told) -> bool:
    """Install; once more where the kernel had not let go of the mapping of the last bundle.

    A good installation right after a refused one was seen to fail with "Failed to load dm table: Argument list too
    long"; the same command then worked.
    """
    try:
        _once(rauc, release.url, wait, told)
    except UpdateError as error:
        if error.code != "device_mapper":
            raise
        wait.sleep(_POLL_S)
        _once(rauc, release.url, wait, told)
        return True
    return False


def _once(rauc: Installer, url: str, wait: Wait, told: Told) -> None:
    if rauc.operation != "idle":
        raise UpdateError("RAUC is installing something else.", code="rauc_busy")
    rauc.install(url)
    seen, since = Progress(-1, ""), wait.clock.monotonic()
    while rauc.operation != "idle":
        now = rauc.progress
        if now != seen:
            seen, since = now, wait.clock.monotonic()
            told(Phase.STAGING, now.percent, now.message)
        elif wait.clock.monotonic() - since > _SILENT_S:
            raise UpdateError("The installation does not go on; it is left alone.", code="update_failed")
        wait.sleep(_POLL_S)
    if said := rauc.last_error:
        raise failure(said)


def _right_slot(rauc: Installer, release: Release) -> Slot:
    """Look at what lies in the slot now: the server could have sent one bundle to look at and another to install."""
    other = next((slot for slot in rauc.slots() if slot.bootname and slot.state != "booted"), None)
    try:
        if other is None:
            raise UpdateError("RAUC does not say what it installed.", code="wrong_bundle")
        _same(release, other.bundle_version, other.bundle_hash)
    except UpdateError:
        _stay(rauc)
        raise
    return other


def _activate(rauc: Installer, other: Slot) -> None:
    """Let the slot start next; where the boot loader did not take that whole, it starts what it started before."""
    try:
        rauc.mark("active", other.name)
    except RaucError:
        with contextlib.suppress(RaucError):  # the first one says why
            _stay(rauc)
        raise


def _stay(rauc: Installer) -> None:
    rauc.mark("active", "booted")
    rauc.mark("bad", "other")


def _same(release: Release, version: str, digest: str) -> None:
    if version != release.version.text:
        message = f"The bundle is version {version or 'unknown'}; the channel offers {release.version.text}."
        raise UpdateError(message, code="wrong_bundle")
    if release.manifest_hash and digest and digest != release.manifest_hash:
        message = f"The bundle of {version} is not the one that the channel names."
        raise UpdateError(message, code="wrong_bundle")
