"""The version of before and its slot: whether there is something to go back to by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from appliance.host.rauc import Slot
from appliance.updates.errors import UpdateError
from appliance.updates.trial.commit import rollback_offer
from appliance.updates.trial.model import Release
from appliance.updates.trial.places import Places


def earlier(places: Places, booted: Release, slots: Callable[[], Sequence[Slot]], now_ms: int) -> tuple[Slot, str]:
    """Return the slot of the version of before, and that version: the one whose state was kept, or none at all.

    Raises UpdateError that says why there is none, RaucError of `slots`.
    """
    kept = rollback_offer(places, booted, now_ms).origin
    other = next((one for one in slots() if one.bootname == kept.slot), None)
    if other is None or other.state == "booted" or other.boot_status == "bad":
        message = f"Version {kept.version} is not there any more: its slot {kept.slot} is empty or damaged."
        raise UpdateError(message, code="no_other_slot")
    # Nothing is known of what was flashed; what was installed later took the place of the version of before.
    if other.bundle_version not in ("", kept.version):
        message = f"Version {kept.version} is not there any more: {other.bundle_version} was installed over it."
        raise UpdateError(message, code="no_other_slot")
    return other, kept.version
