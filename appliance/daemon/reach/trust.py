"""Everything that says who is trusted, opened over one database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from appliance.channels.senders import Senders
from appliance.foundation.clock import Clock
from appliance.health import Condition, Severity
from appliance.identity import DeviceStore
from appliance.identity.recovery import Recovery
from appliance.identity.restoring import Restored, reconcile
from appliance.identity.revocations import Revocations
from appliance.identity.setup.store import SetupCodes
from appliance.storage.database import Database

REVOCATIONS: Final = "revocations.json"
"""Beside the database: never part of a backup, never replaced by a restore."""

RESTORED: Final = "devices_restored"
_MAX_NAMES: Final = 12


@dataclass(frozen=True, slots=True)
class TrustParts:
    """Devices, setup codes and the recovery code of this box, and who may write through its channels."""

    devices: DeviceStore
    setup: SetupCodes
    recovery: Recovery
    senders: Senders
    restored: Restored = Restored()


async def open_trust(database: Database, clock: Clock) -> TrustParts:
    """Read what is known of devices and codes, less what was taken away since a backup that was restored."""
    file = await asyncio.to_thread(Revocations, database.path.with_name(REVOCATIONS))
    now_ms = clock.now_ms()
    restored = await database.write(lambda connection: reconcile(connection, file, now_ms))
    devices = await DeviceStore.open(database, revocations=file)
    recovery = await Recovery.open(database, file)
    setup = await SetupCodes.open(database, devices, recovery, clock.monotonic)
    return TrustParts(devices, setup, recovery, Senders(database), restored)


def restored_condition(restored: Restored) -> Condition | None:
    """Return what the owner must know after a restore; None where there is nothing to say."""
    fix = "Look at `homarus devices list` and remove what you do not know: `homarus devices remove NAME`."
    if restored.lost and restored.trusted:
        summary = (
            "The list of devices that were removed is missing, so an old backup may have let some in again. These "
            f"devices are trusted: {_names(restored.trusted)}. Check them."
        )
        return Condition(RESTORED, "devices", Severity.DEGRADED, summary, fix, _details("lost", restored.trusted))
    if restored.ended:
        summary = (
            "The database is older than the list of what was taken away, as after a backup was restored. These devices "
            f"stay as they were, removed or with fewer rights: {_names(restored.ended)}."
        )
        return Condition(RESTORED, "devices", Severity.NOTICE, summary, fix, _details("ended", restored.ended))
    return None


def _details(form: str, names: tuple[str, ...]) -> dict[str, str | int]:
    return {"form": form, "names": ", ".join(names[:_MAX_NAMES]), "more": max(0, len(names) - _MAX_NAMES)}


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(names[:_MAX_NAMES]) + more
