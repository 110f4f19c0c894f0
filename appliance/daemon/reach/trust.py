"""Everything that says who is trusted, opened over one database."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.channels.senders import Senders
from appliance.foundation.clock import Clock
from appliance.identity import DeviceStore
from appliance.identity.recovery import Recovery
from appliance.identity.setup.store import SetupCodes
from appliance.storage.database import Database


@dataclass(frozen=True, slots=True)
class TrustParts:
    """Devices, setup codes and the recovery code of this box, and who may write through its channels."""

    devices: DeviceStore
    setup: SetupCodes
    recovery: Recovery
    senders: Senders


async def open_trust(database: Database, clock: Clock) -> TrustParts:
    """Read what is known of devices and codes."""
    devices = await DeviceStore.open(database)
    recovery = await Recovery.open(database)
    setup = await SetupCodes.open(database, devices, recovery, clock.monotonic)
    return TrustParts(devices, setup, recovery, Senders(database))
