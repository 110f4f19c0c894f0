"""The transcript of one run as the agent sees it: store first, then tell the bus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from appliance.events import Bus, EntryStored
from appliance.foundation.tasks import to_the_end
from appliance.messages import JsonObject
from appliance.sessions.model import Entry, Inbound
from appliance.sessions.store import SessionStore


def publish_entries(bus: Bus, agent_id: str, entries: Iterable[Entry]) -> None:
    """Tell the bus of entries that are durable now."""
    for entry in entries:
        bus.publish(
            EntryStored(
                entry.session_key,
                agent_id,
                entry.id,
                entry.seq,
                entry.run_id,
                entry.message,
                entry.created_ms,
                entry.idempotency_key,
            )
        )


class RunTranscript:
    """Stores what one run says and what the person adds to it (agent.loop.Transcript)."""

    def __init__(
        self,
        store: SessionStore,
        bus: Bus,
        inbound: Inbound,
        *,
        waiting: Sequence[Inbound],
        take: Callable[[], Awaitable[Sequence[Entry]]],
        now_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._bus = bus
        self._inbound = inbound
        self._waiting = waiting
        self._take = take
        self._now_ms = now_ms

    async def append(self, entries: Sequence[JsonObject]) -> None:
        # An abort cannot take back what the writer's thread has begun: then it must be told, too.
        await to_the_end(self._append(entries), name=f"entries:{self._inbound.run_id}")

    async def _append(self, entries: Sequence[JsonObject]) -> None:
        rows = [(str(entry["role"]), entry, None) for entry in entries]
        stored = await self._store.append(self._inbound.session_key, self._inbound.run_id, rows, self._now_ms())
        publish_entries(self._bus, self._inbound.agent_id, stored)

    def steering_waits(self) -> bool:
        return bool(self._waiting)

    async def take_steering(self) -> Sequence[JsonObject]:
        return await to_the_end(self._take_steering(), name=f"steering:{self._inbound.run_id}")

    async def _take_steering(self) -> Sequence[JsonObject]:
        stored = await self._take()
        publish_entries(self._bus, self._inbound.agent_id, stored)
        return [entry.message for entry in stored]
