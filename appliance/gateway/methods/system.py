"""health, status, system-presence, last-heartbeat, gateway.identity.get, diagnostics.lanes, homarus.doctor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from appliance.foundation.clock import Clock
from appliance.gateway.method import Call, Method
from appliance.gateway.methods.health import HealthReport, SessionLister
from appliance.gateway.methods.seams import Agents, Dispatching
from appliance.gateway.methods.session_rows import SessionRows
from appliance.health import Condition, HealthTracker, worst_first
from appliance.protocol.methods.base import UNSET, Empty
from appliance.protocol.methods.sessions import SessionRow
from appliance.protocol.methods.system import (
    ConditionRow,
    DoctorResult,
    GatewayIdentity,
    HealthParams,
    HealthResult,
    LaneRow,
    LanesResult,
    StatusAgentSessions,
    StatusDefaults,
    StatusHeartbeat,
    StatusHeartbeatAgent,
    StatusParams,
    StatusResult,
    StatusSession,
    StatusSessions,
)
from appliance.sessions.model import SessionFilter

READ = "operator.read"
_RECENT = 10


def condition_rows(conditions: Sequence[Condition]) -> list[ConditionRow]:
    """Return what is wrong in the shape of the wire."""
    return [
        ConditionRow(
            code=one.code,
            subject=one.subject,
            severity=one.severity.value,
            summary=one.summary,
            fix=one.fix,
            details=dict(one.details) or UNSET,
        )
        for one in conditions
    ]


def status_session(row: SessionRow, now_ms: int) -> StatusSession:
    """Return a session as `status` shows it, with what is left of its context window."""
    window = row.context_tokens if isinstance(row.context_tokens, int) else None
    used = row.total_tokens
    return StatusSession(
        agent_id=row.agent_id,
        key=row.key,
        kind=row.kind,
        session_id=row.session_id,
        updated_at=row.updated_at,
        age=max(0, now_ms - row.updated_at),
        system_sent=row.system_sent,
        aborted_last_run=row.aborted_last_run,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        total_tokens=used,
        total_tokens_fresh=row.total_tokens_fresh,
        model=row.model if isinstance(row.model, str) else None,
        context_tokens=window,
        remaining_tokens=max(0, window - used) if window else None,
        percent_used=min(999, round(used * 100 / window)) if window else None,
    )


class Status:
    """Builds the answer of `status`."""

    def __init__(
        self,
        *,
        store: SessionLister,
        rows: SessionRows,
        agents: Agents,
        tracker: HealthTracker,
        clock: Clock,
        version: str,
        database_path: str,
    ) -> None:
        self._store = store
        self._rows = rows
        self._agents = agents
        self._tracker = tracker
        self._clock = clock
        self._version = version
        self._path = database_path
        self._started = clock.monotonic()

    @property
    def uptime_ms(self) -> int:
        return round((self._clock.monotonic() - self._started) * 1000)

    async def build(self) -> StatusResult:
        """Read the sessions and return the status of now."""
        agents = self._agents()
        by_agent = [await self._agent(agent.id) for agent in agents]
        recent = sorted((row for one in by_agent for row in one.recent), key=lambda row: -row.updated_at)
        defaults = self._rows.defaults(agents[0].id)
        ready, _ = self._tracker.ready()
        return StatusResult(
            runtime_version=self._version,
            heartbeat=StatusHeartbeat(
                default_agent_id=agents[0].id,
                agents=[StatusHeartbeatAgent(agent_id=one.id) for one in agents],
            ),
            sessions=StatusSessions(
                paths=[self._path],
                count=sum(one.count for one in by_agent),
                defaults=StatusDefaults(model=defaults.model, context_tokens=defaults.context_tokens),
                recent=recent[:_RECENT],
                by_agent=by_agent,
            ),
            conditions=condition_rows(self._tracker.conditions()),
            ready=ready,
            uptime_ms=self.uptime_ms,
        )

    async def _agent(self, agent_id: str) -> StatusAgentSessions:
        sessions, total = await self._store.list(SessionFilter(agent_id=agent_id), limit=_RECENT)
        now_ms = self._clock.now_ms()
        recent = [status_session(self._rows.row(one), now_ms) for one in sessions]
        return StatusAgentSessions(agent_id=agent_id, path=self._path, count=total, recent=recent)


def methods(
    *,
    health: HealthReport,
    status: Status,
    tracker: HealthTracker,
    dispatcher: Dispatching,
    presence: Callable[[], Sequence[Any]],
    identity: Callable[[], GatewayIdentity],
    examine: Callable[[], Awaitable[Sequence[Condition]]],
) -> tuple[Method, ...]:
    """Return the methods that tell how the box is.

    `presence` lists who is connected, as PresenceEntry objects; `examine` asks the checks of the box.
    """

    async def get_health(_: Call, __: HealthParams) -> HealthResult:
        return await health.current()

    async def get_status(_: Call, __: StatusParams) -> StatusResult:
        return await status.build()

    def get_presence(_: Call, __: Empty) -> list[Any]:
        return list(presence())

    def last_heartbeat(_: Call, __: Empty) -> None:
        # Heartbeats are not there yet: none was ever sent, and null is how the protocol says so.
        return None

    def get_identity(_: Call, __: Empty) -> GatewayIdentity:
        return identity()

    def lanes(call: Call, _: Empty) -> LanesResult:
        rows = [
            LaneRow(lane=one.lane, queued_count=one.queued, active_count=one.active, max_concurrent=one.cap)
            for one in dispatcher.lanes()
        ]
        return LanesResult(ts=call.now_ms, lanes=rows)

    async def doctor(call: Call, _: Empty) -> DoctorResult:
        found = await examine()
        ready, failing = tracker.ready()
        known = {(one.code, one.subject): one for one in (*found, *tracker.conditions())}
        rows = condition_rows(worst_first(known.values()))
        return DoctorResult(ok=ready, ts=call.now_ms, failing=list(failing), conditions=rows)

    return (
        Method("health", READ, HealthParams, get_health, result=HealthResult),
        Method("status", READ, StatusParams, get_status, result=StatusResult),
        Method("system-presence", READ, Empty, get_presence),
        Method("last-heartbeat", READ, Empty, last_heartbeat),
        Method("gateway.identity.get", READ, Empty, get_identity, result=GatewayIdentity),
        Method("diagnostics.lanes", READ, Empty, lanes, result=LanesResult),
        Method("homarus.doctor", READ, Empty, doctor, result=DoctorResult),
    )
