"""What the surface shows and asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.agenda.store import AgendaStore
from appliance.daemon.answers.meter import Meter
from appliance.daemon.care.parts import Care
from appliance.daemon.live_config import LiveConfig
from appliance.daemon.local.learning import Learning
from appliance.daemon.local.serving import LocalModels
from appliance.daemon.models import Models
from appliance.daemon.reach.exposure import Exposed
from appliance.daemon.reach.nodes import NodeParts
from appliance.daemon.reach.trust import TrustParts
from appliance.daemon.updating.updates import Updates
from appliance.dispatch.dispatcher import Dispatcher
from appliance.events import Bus
from appliance.foundation.clock import Clock
from appliance.foundation.paths import StatePaths
from appliance.health import HealthTracker
from appliance.identity.box_key import BoxKey
from appliance.notes.store import NotesStore
from appliance.sessions.idempotency import IdempotencyStore
from appliance.sessions.store import SessionStore
from appliance.storage.blobs import Blobs


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a gateway that its surface stands on."""

    config: LiveConfig
    exposed: Exposed
    paths: StatePaths
    clock: Clock
    bus: Bus
    tracker: HealthTracker
    store: SessionStore
    dispatcher: Dispatcher
    models: Models
    meter: Meter
    blobs: Blobs
    key: BoxKey
    trust: TrustParts
    nodes: NodeParts
    updates: Updates
    agenda: AgendaStore
    notes: NotesStore
    idempotency: IdempotencyStore
    local: LocalModels
    learning: Learning
    log_file: Path
    restart: Callable[[], None]
    care: Care
