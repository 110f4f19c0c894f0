"""The payload of `health`, for the method, the event and the snapshot in hello."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec

from appliance.foundation.clock import Clock
from appliance.gateway.methods.seams import Agents
from appliance.protocol.methods.system import (
    AgentHealth,
    HealthResult,
    HeartbeatFacts,
    RecentSession,
    SessionsSummary,
)
from appliance.sessions.model import Session, SessionFilter

RECENT = 5


class SessionLister(Protocol):
    """Lists sessions, the most recent first (sessions.store)."""

    async def list(
        self, filter: SessionFilter = ..., *, limit: int = 100, offset: int = 0
    ) -> tuple[Sequence[Session], int]: ...


class HealthReport:
    """Builds the payload. `latest` is the last one built: hello must not wait for the database."""

    def __init__(self, *, store: SessionLister, agents: Agents, clock: Clock, database_path: str) -> None:
        self._store = store
        self._agents = agents
        self._clock = clock
        self._path = database_path
        self._latest: HealthResult | None = None
        self._one_by_one = asyncio.Lock()
        self._started_s = float("-inf")

    @property
    def latest(self) -> HealthResult:
        return self._latest or self._build((), {}, 0.0)

    def snapshot(self, reads: bool) -> HealthResult:
        """Return the latest; unless who sees it `reads`, without what names sessions, people in them and files."""
        if reads:
            return self.latest
        none = SessionsSummary(path="", count=0, recent=[])
        agents = [msgspec.structs.replace(one, sessions=none) for one in self.latest.agents]
        return msgspec.structs.replace(self.latest, sessions=none, agents=agents)

    async def current(self) -> HealthResult:
        """Return the payload of now. Whoever asks while one is being built shares the next with all the others."""
        asked_s = self._clock.monotonic()
        async with self._one_by_one:
            if self._latest is not None and self._started_s > asked_s:
                return self._latest
            self._started_s = self._clock.monotonic()
            return await self.refresh()

    async def refresh(self) -> HealthResult:
        """Read the sessions and return the payload of now."""
        started = self._clock.monotonic()
        recent, total = await self._store.list(limit=RECENT)
        counts: dict[str, tuple[Sequence[Session], int]] = {}
        known = self._agents()
        for agent in known:
            alone = len(known) == 1
            found = (recent, total) if alone else await self._store.list(SessionFilter(agent_id=agent.id), limit=RECENT)
            counts[agent.id] = found
        self._latest = self._build(recent, counts, self._clock.monotonic() - started, total)
        return self._latest

    def _build(
        self,
        recent: Sequence[Session],
        per_agent: dict[str, tuple[Sequence[Session], int]],
        took_s: float,
        total: int = 0,
    ) -> HealthResult:
        now_ms = self._clock.now_ms()
        known = self._agents()

        def summary(sessions: Sequence[Session], count: int) -> SessionsSummary:
            rows = [
                RecentSession(key=one.key, updated_at=one.updated_ms, age=max(0, now_ms - one.updated_ms))
                for one in sessions
            ]
            return SessionsSummary(path=self._path, count=count, recent=rows)

        return HealthResult(
            ts=now_ms,
            duration_ms=round(took_s * 1000),
            default_agent_id=known[0].id,
            agents=[
                AgentHealth(
                    agent_id=agent.id,
                    name=agent.name,
                    is_default=agent is known[0],
                    heartbeat=HeartbeatFacts(),
                    sessions=summary(*per_agent.get(agent.id, ([], 0))),
                )
                for agent in known
            ],
            sessions=summary(recent, total),
        )
