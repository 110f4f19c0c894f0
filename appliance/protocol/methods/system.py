"""The state of the box: health, status, presence, heartbeat, identity, lanes, doctor."""

from __future__ import annotations

import msgspec

from appliance.protocol.methods.base import UNSET, Json, Natural, OpenParams, Result, Unset

_TASK_STATES = ("queued", "running", "succeeded", "failed", "timed_out", "cancelled", "lost")
_TASK_RUNTIMES = ("subagent", "acp", "cli", "cron")


class HealthParams(OpenParams, frozen=True):
    probe: bool | None = None


class RecentSession(Result, frozen=True):
    key: str
    updated_at: int | None
    age: int | None


class SessionsSummary(Result, frozen=True):
    path: str
    count: int
    recent: list[RecentSession]


class HeartbeatFacts(Result, frozen=True):
    enabled: bool = False
    every: str = "0m"
    every_ms: int | None = None
    prompt: str = ""
    target: str = "none"
    ack_max_chars: int = 300


class AgentHealth(Result, frozen=True):
    agent_id: str
    is_default: bool
    heartbeat: HeartbeatFacts
    sessions: SessionsSummary
    name: str | Unset = UNSET


class PluginHealth(Result, frozen=True):
    loaded: list[str] = msgspec.field(default_factory=list)
    errors: list[Json] = msgspec.field(default_factory=list)
    unavailable: list[Json] = msgspec.field(default_factory=list)


class ConfigReload(Result, frozen=True):
    hot_reload_status: str = "active"


class HealthResult(Result, frozen=True):
    """Also the payload of the event `health`. Our own conditions travel through `homarus.doctor`."""

    ts: int
    duration_ms: Natural
    default_agent_id: str
    agents: list[AgentHealth]
    sessions: SessionsSummary
    ok: bool = True
    plugins: PluginHealth = PluginHealth()
    config_reload: ConfigReload = ConfigReload()
    channels: Json = msgspec.field(default_factory=dict)
    channel_order: list[str] = msgspec.field(default_factory=list)
    channel_labels: dict[str, str] = msgspec.field(default_factory=dict)
    heartbeat_seconds: Natural = 0


class StatusParams(OpenParams, frozen=True):
    include_channel_summary: bool | None = None
    include_cli_projection: bool | None = None


class StatusDefaults(Result, frozen=True):
    model: str | None
    context_tokens: int | None


class StatusSession(Result, frozen=True):
    agent_id: str
    key: str
    kind: str
    session_id: str
    updated_at: int
    age: int
    system_sent: bool
    aborted_last_run: bool
    input_tokens: int
    output_tokens: int
    total_tokens: int
    total_tokens_fresh: bool
    model: str | None
    context_tokens: int | None
    remaining_tokens: int | None = None
    percent_used: int | None = None
    flags: list[str] = msgspec.field(default_factory=list)


class StatusAgentSessions(Result, frozen=True):
    agent_id: str
    path: str
    count: int
    recent: list[StatusSession]


class StatusSessions(Result, frozen=True):
    paths: list[str]
    count: int
    defaults: StatusDefaults
    recent: list[StatusSession]
    by_agent: list[StatusAgentSessions]


class StatusHeartbeatAgent(Result, frozen=True):
    agent_id: str
    enabled: bool = False
    every: str = "disabled"
    every_ms: int | None = None
    waiting_for_route: bool = False


class StatusHeartbeat(Result, frozen=True):
    default_agent_id: str
    agents: list[StatusHeartbeatAgent]


class TaskCounts(Result, frozen=True):
    """Background tasks. There are none yet, so every count is zero."""

    total: int = 0
    active: int = 0
    terminal: int = 0
    failures: int = 0
    by_status: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(_TASK_STATES, 0))
    by_runtime: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(_TASK_RUNTIMES, 0))


class ConditionRow(Result, frozen=True):
    """One thing that is wrong, in English. `details`: the values in it, for saying it in another language."""

    code: str
    subject: str
    severity: str
    summary: str
    fix: str
    details: dict[str, str | int] | Unset = UNSET


class StatusResult(Result, frozen=True):
    runtime_version: str
    heartbeat: StatusHeartbeat
    sessions: StatusSessions
    conditions: list[ConditionRow]
    ready: bool
    uptime_ms: Natural
    channel_summary: list[str] = msgspec.field(default_factory=list)
    queued_system_events: list[str] = msgspec.field(default_factory=list)
    degraded_secret_owners: list[Json] = msgspec.field(default_factory=list)
    degraded_plugins: list[Json] = msgspec.field(default_factory=list)
    tasks: TaskCounts = TaskCounts()


class GatewayIdentity(Result, frozen=True):
    device_id: str
    public_key: str


class LaneRow(Result, frozen=True):
    lane: str
    queued_count: int
    active_count: int
    max_concurrent: int
    draining: bool = False
    generation: int = 0
    blocked_by: None = None


class LanesResult(Result, frozen=True):
    ts: int
    lanes: list[LaneRow]
    dynamic: None = None


class DoctorResult(Result, frozen=True):
    """What is wrong now, the worst first; `ok` when nothing blocks work."""

    ok: bool
    ts: int
    failing: list[str]
    conditions: list[ConditionRow]
