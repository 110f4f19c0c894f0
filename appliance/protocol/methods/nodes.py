"""Parameters and results of the methods about nodes (protocol.md 5.5 and 9)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from appliance.protocol.methods.base import UNSET, NonEmpty, OpenParams, Params, Result, Unset

NodeId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
CommandName = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
NodeName = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
EventName = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Chunk = Annotated[str, msgspec.Meta(max_length=16_384)]


class NodePairParams(Params, frozen=True, kw_only=True):
    """node.pair.approve, node.pair.reject"""

    request_id: NonEmpty


class NodeParams(Params, frozen=True, kw_only=True):
    """node.describe, node.pair.remove"""

    node_id: NodeId


class NodeRenameParams(Params, frozen=True, kw_only=True):
    node_id: NodeId
    display_name: NodeName


class NodeRow(Result, frozen=True, kw_only=True):
    """A node in node.list. `commands` are those that are effective now; for a node that is away, those approved."""

    node_id: str
    display_name: str | Unset = UNSET
    platform: str
    version: str | Unset = UNSET
    client_id: str
    client_mode: str
    device_family: str | Unset = UNSET
    model_identifier: str | Unset = UNSET
    remote_ip: str | Unset = UNSET
    caps: list[str]
    commands: list[str]
    permissions: dict[str, bool] | Unset = UNSET
    session_host: bool = False
    host_stats: Any = UNSET
    node_plugin_tools: list[Any] | Unset = UNSET
    path_env: str | Unset = UNSET
    approval_state: str
    connected_at_ms: int | Unset = UNSET
    last_connected_at_ms: int | Unset = UNSET
    last_disconnected_at_ms: int | Unset = UNSET
    last_seen_at_ms: int | Unset = UNSET
    last_seen_reason: str | Unset = UNSET
    approved_at_ms: int | Unset = UNSET
    paired: bool
    connected: bool
    pending_request_id: str | Unset = UNSET
    pending_declared_caps: list[str] | Unset = UNSET
    pending_declared_commands: list[str] | Unset = UNSET


class NodeDescription(NodeRow, frozen=True, kw_only=True):
    """One node, with the time of the answer."""

    ts: int


class NodeListResult(Result, frozen=True, kw_only=True):
    ts: int
    nodes: list[NodeRow]


class PairedNode(Result, frozen=True, kw_only=True):
    """An approved node in node.pair.list and node.pair.approve."""

    node_id: str
    client_id: str
    client_mode: str
    display_name: str | Unset = UNSET
    platform: str
    version: str
    device_family: str
    caps: list[str]
    commands: list[str]
    remote_ip: str
    created_at_ms: int
    approved_at_ms: int
    last_connected_at_ms: int | Unset = UNSET
    last_disconnected_at_ms: int | Unset = UNSET
    last_host_stats: Any = UNSET
    last_seen_at_ms: int | Unset = UNSET
    last_seen_reason: str | Unset = UNSET


class NodePairListResult(Result, frozen=True, kw_only=True):
    pending: list[dict[str, Any]]
    paired: list[PairedNode]


class NodePairApproveResult(Result, frozen=True, kw_only=True):
    request_id: str
    node: PairedNode


class NodePairRejectResult(Result, frozen=True, kw_only=True):
    request_id: str
    node_id: str


class NodeRemoveResult(Result, frozen=True, kw_only=True):
    node_id: str


class NodeRenameResult(Result, frozen=True, kw_only=True):
    node_id: str
    display_name: str


class NodeInvokeParams(Params, frozen=True, kw_only=True):
    """`timeout_ms` is the time the node has; the members about a turn are accepted and not needed here."""

    node_id: NodeId
    command: CommandName
    params: Any = UNSET
    timeout_ms: Annotated[int, msgspec.Meta(ge=0)] | None = None
    idempotency_key: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    session_key: str | None = None
    turn_source_channel: str | None = None
    turn_source_to: str | None = None
    turn_source_account_id: str | None = None
    turn_source_thread_id: str | int | float | None = None


class NodeInvokeResult(Result, frozen=True, kw_only=True):
    """`payload_json` is what the node sent as text, null when it sent an object."""

    ok: bool
    node_id: str
    command: str
    payload: Any
    payload_json: str | None = msgspec.field(name="payloadJSON")


class NodeCancelParams(Params, frozen=True, kw_only=True):
    """homarus.nodes.cancel"""

    node_id: NodeId
    idempotency_key: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]


class NodeCancelResult(Result, frozen=True, kw_only=True):
    cancelled: bool


class NodeFault(OpenParams, frozen=True, kw_only=True):
    code: str | None = None
    message: str | None = None


class NodeAnswerParams(OpenParams, frozen=True, kw_only=True):
    """node.invoke.result. Laxer than the reference: what a node adds is ignored."""

    id: Identifier
    node_id: str
    ok: bool
    payload: msgspec.Raw = msgspec.Raw()
    payload_json: str | None = msgspec.field(default=None, name="payloadJSON")
    error: NodeFault | None = None


class NodeProgressParams(OpenParams, frozen=True, kw_only=True):
    """node.invoke.progress"""

    invoke_id: Identifier
    node_id: str
    seq: Annotated[int, msgspec.Meta(ge=0)]
    chunk: Chunk


class NodeOk(Result, frozen=True, kw_only=True):
    """`ignored`: it came too late, or for the second time."""

    ok: bool = True
    ignored: bool | Unset = UNSET


class NodeEventParams(OpenParams, frozen=True, kw_only=True):
    event: EventName
    payload: Any = UNSET
    payload_json: str | None = msgspec.field(default=None, name="payloadJSON")


class NodeEventResult(Result, frozen=True, kw_only=True):
    ok: bool
    event: str
    handled: bool
    reason: str | Unset = UNSET


class PluginTool(OpenParams, frozen=True, kw_only=True):
    """A tool that a node offers by a plugin of its own."""

    plugin_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")]
    description: Annotated[str, msgspec.Meta(max_length=4096)]
    parameters: dict[str, Any] | Unset = UNSET
    command: str | Unset = UNSET
    mcp: dict[str, Any] | Unset = UNSET


class PluginToolsParams(OpenParams, frozen=True, kw_only=True):
    tools: Annotated[list[PluginTool], msgspec.Meta(max_length=64)]


class PluginToolsResult(Result, frozen=True, kw_only=True):
    node_id: str
    tools: list[PluginTool]


class Skill(OpenParams, frozen=True, kw_only=True):
    """A skill that a node offers. Its text is not kept: nothing on this box follows instructions of a node."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    description: Annotated[str, msgspec.Meta(max_length=1024)]


class SkillsParams(OpenParams, frozen=True, kw_only=True):
    skills: Annotated[list[Skill], msgspec.Meta(max_length=64)]


class SkillsResult(Result, frozen=True, kw_only=True):
    node_id: str
    skills: list[Skill]


class InventoryResult(Result, frozen=True, kw_only=True):
    node_id: str


class PendingEnqueueParams(Params, frozen=True, kw_only=True):
    """`wake`: also wake the node by push; there is no push service here, so it wakes when it does."""

    node_id: NodeId
    type: Literal["status.request", "location.request"]
    priority: Literal["normal", "high"] | None = None
    expires_in_ms: Annotated[int, msgspec.Meta(ge=1000, le=86_400_000)] | None = None
    wake: bool | None = None


class PendingEnqueueResult(Result, frozen=True, kw_only=True):
    node_id: str
    revision: int
    queued: dict[str, Any]
    wake_triggered: bool


class PendingDrainParams(OpenParams, frozen=True, kw_only=True):
    max_items: Annotated[int, msgspec.Meta(ge=1, le=10)] | None = None


class PendingDrainResult(Result, frozen=True, kw_only=True):
    node_id: str
    revision: int
    items: list[dict[str, Any]]
    has_more: bool


class PendingPullResult(Result, frozen=True, kw_only=True):
    node_id: str
    actions: list[dict[str, Any]]


class PendingAckParams(OpenParams, frozen=True, kw_only=True):
    ids: Annotated[list[Identifier], msgspec.Meta(max_length=256)]


class PendingAckResult(Result, frozen=True, kw_only=True):
    node_id: str
    acked_ids: list[str]
    remaining_count: int
