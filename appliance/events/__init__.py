"""Internal facts and the bus that carries them upward, inside one process.

Low floors publish what happened; higher floors listen. Nothing here knows who listens, the wire or the disk.
"""

from appliance.events.bus import Bus
from appliance.events.types import (
    AgendaChanged,
    ChatEvent,
    ConfigChanged,
    EntryStored,
    Event,
    HealthChanged,
    ListsChanged,
    ModelsChanged,
    NodeNews,
    ReachChanged,
    RunEvent,
    SessionChanged,
)

__all__ = [
    "AgendaChanged",
    "Bus",
    "ChatEvent",
    "ConfigChanged",
    "EntryStored",
    "Event",
    "HealthChanged",
    "ListsChanged",
    "ModelsChanged",
    "NodeNews",
    "ReachChanged",
    "RunEvent",
    "SessionChanged",
]
