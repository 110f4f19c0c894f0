"""node.invoke and what nodes send by themselves: results, progress, events, and what they fetch when they wake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import msgspec

from appliance.gateway.method import Call, Method
from appliance.mesh.errors import CommandRefusedError, InvokeError
from appliance.mesh.invoke.calls import Invocations, answer_of
from appliance.mesh.invoke.model import DEFAULT_TIMEOUT_MS, Answer, Invoke
from appliance.mesh.pending.sleeping import Sleeping
from appliance.mesh.pending.work import PendingWork, Waiting
from appliance.mesh.registry import Mesh
from appliance.mesh.reports import Reports
from appliance.mesh.surface import invoke_scope
from appliance.protocol.errors import ErrorCode, WireError, invalid_request
from appliance.protocol.methods.base import UNSET, Empty, OpenParams
from appliance.protocol.methods.nodes import (
    InventoryResult,
    NodeAnswerParams,
    NodeCancelParams,
    NodeCancelResult,
    NodeEventParams,
    NodeEventResult,
    NodeInvokeParams,
    NodeInvokeResult,
    NodeOk,
    NodeProgressParams,
    PendingAckParams,
    PendingAckResult,
    PendingDrainParams,
    PendingDrainResult,
    PendingEnqueueParams,
    PendingEnqueueResult,
    PendingPullResult,
    PluginToolsParams,
    PluginToolsResult,
    SkillsParams,
    SkillsResult,
)
from appliance.protocol.roles import NODE, WRITE

Tell = Callable[[str, str, Any], bool]
"""Send an event to one connection."""

PROGRESS_EVENT = "homarus.node.progress"


@dataclass(frozen=True, slots=True)
class NodeWork:
    """The methods by which nodes are asked and answer."""

    mesh: Mesh
    invocations: Invocations
    reports: Reports
    pending: PendingWork
    sleeping: Sleeping
    tell: Tell

    # Operators

    async def invoke(self, call: Call, params: NodeInvokeParams) -> NodeInvokeResult:
        wanted = None if params.params is UNSET else params.params
        timeout_ms = params.timeout_ms or DEFAULT_TIMEOUT_MS
        invoke = Invoke(params.node_id, params.command, call.actor, params.idempotency_key, wanted, timeout_ms)

        def progress(seq: int, chunk: str) -> None:
            facts = {"nodeId": params.node_id, "idempotencyKey": params.idempotency_key, "seq": seq, "chunk": chunk}
            self.tell(call.connection.conn_id, PROGRESS_EVENT, facts)

        try:
            answer = await self.invocations.ask(invoke, progress)
        except InvokeError as error:
            waiting = await self.sleeping.put_off(invoke, error, call.now_ms)
            _raise(error, waiting)
        except CommandRefusedError as error:
            raise invalid_request(str(error), details=error.details) from error
        return _result(invoke, answer)

    def cancel(self, call: Call, params: NodeCancelParams) -> NodeCancelResult:
        return NodeCancelResult(cancelled=self.invocations.cancel(call.actor, params.node_id, params.idempotency_key))

    async def enqueue(self, call: Call, params: PendingEnqueueParams) -> PendingEnqueueResult:
        if params.node_id not in {device.device_id for device in await self.mesh.devices()}:
            raise invalid_request("unknown nodeId", details={"code": "UNKNOWN_NODE", "nodeId": params.node_id})
        queued, _ = await self.pending.enqueue(
            params.node_id, params.type, params.priority or "normal", params.expires_in_ms, call.now_ms
        )
        revision = self.pending.revision(params.node_id)
        return PendingEnqueueResult(
            node_id=params.node_id, revision=revision, queued=queued.item(), wake_triggered=False
        )

    # Nodes

    def answered(self, call: Call, params: NodeAnswerParams) -> NodeOk:
        node_id = _sender(call, params.node_id)
        if params.ok:
            outcome: Answer | InvokeError = answer_of(params.payload, params.payload_json)
        else:
            fault = params.error
            code = (fault.code if fault else None) or "UNAVAILABLE"
            message = (fault.message if fault else None) or "the node could not do it"
            outcome = InvokeError(code[:128], message[:4096], dispatched=True)
        taken = self.invocations.answered(node_id, params.id, outcome)
        return NodeOk() if taken else NodeOk(ignored=True)

    def progressed(self, call: Call, params: NodeProgressParams) -> NodeOk:
        node_id = _sender(call, params.node_id)
        taken = self.invocations.progressed(node_id, params.invoke_id, params.seq, params.chunk)
        return NodeOk() if taken else NodeOk(ignored=True)

    def event(self, call: Call, params: NodeEventParams) -> NodeEventResult:
        handled, reason = self.reports.heard(_sender(call), params.event, params.payload, params.payload_json)
        return NodeEventResult(ok=True, event=params.event, handled=handled, reason=reason)

    def drain(self, call: Call, params: PendingDrainParams) -> PendingDrainResult:
        node_id = _sender(call)
        items, more = self.pending.drain(node_id, params.max_items, call.now_ms)
        return PendingDrainResult(
            node_id=node_id,
            revision=self.pending.revision(node_id),
            items=[one.item() for one in items],
            has_more=more,
        )

    def pull(self, call: Call, _: Empty) -> PendingPullResult:
        node_id = _sender(call)
        commands = self.mesh.effective(node_id).commands
        waiting = self.pending.actions(node_id, lambda command: command in commands, call.now_ms)
        return PendingPullResult(node_id=node_id, actions=[one.action() for one in waiting])

    async def acknowledge(self, call: Call, params: PendingAckParams) -> PendingAckResult:
        node_id = _sender(call)
        acked, left = await self.pending.acknowledge(node_id, params.ids)
        return PendingAckResult(node_id=node_id, acked_ids=acked, remaining_count=left)

    def plugin_tools(self, call: Call, params: PluginToolsParams) -> PluginToolsResult:
        self._publish(call, "pluginTools", params.tools)
        return PluginToolsResult(node_id=_sender(call), tools=params.tools)

    def skills(self, call: Call, params: SkillsParams) -> SkillsResult:
        self._publish(call, "skills", params.skills)
        return SkillsResult(node_id=_sender(call), skills=params.skills)

    def inventory(self, call: Call, _: OpenParams) -> InventoryResult:
        return InventoryResult(node_id=_sender(call))

    def _publish(self, call: Call, name: str, value: Any) -> None:
        """Keep what a node offers while it is connected, within a bound: it is shown, nothing acts on it."""
        if len(msgspec.json.encode(value)) > _MAX_PUBLISHED_BYTES:
            raise invalid_request(f"{name} are larger than {_MAX_PUBLISHED_BYTES} bytes")
        live = self.mesh.live(_sender(call))
        if live is not None:
            live.told[name] = value

    def methods(self) -> tuple[Method, ...]:
        """Return the methods."""
        return (
            Method("node.invoke", _invoke_scope, NodeInvokeParams, self.invoke, result=NodeInvokeResult),
            Method("homarus.nodes.cancel", WRITE, NodeCancelParams, self.cancel, result=NodeCancelResult),
            Method("node.pending.enqueue", WRITE, PendingEnqueueParams, self.enqueue, result=PendingEnqueueResult),
            _of_node("node.invoke.result", NodeAnswerParams, self.answered, NodeOk),
            _of_node("node.invoke.progress", NodeProgressParams, self.progressed, NodeOk),
            _of_node("node.event", NodeEventParams, self.event, NodeEventResult),
            _of_node("node.pending.drain", PendingDrainParams, self.drain, PendingDrainResult),
            _of_node("node.pending.pull", Empty, self.pull, PendingPullResult),
            _of_node("node.pending.ack", PendingAckParams, self.acknowledge, PendingAckResult),
            _of_node("node.pluginTools.update", PluginToolsParams, self.plugin_tools, PluginToolsResult),
            _of_node("node.skills.update", SkillsParams, self.skills, SkillsResult),
            _of_node("node.runnerInventory.update", Empty, self.inventory, InventoryResult, advertised=False),
        )


_MAX_PUBLISHED_BYTES = 256 * 1024


def _of_node(name: str, params: type[msgspec.Struct], handler: Any, result: Any, *, advertised: bool = True) -> Method:
    return Method(name, None, params, handler, role=NODE, result=result, advertised=advertised)


def _invoke_scope(params: NodeInvokeParams) -> str:
    return invoke_scope(params.command)


def _sender(call: Call, claimed: str | None = None) -> str:
    """Return the node that calls. It speaks for itself only: another name in its frame is an attack or a fault."""
    node_id = call.connection.device_id
    if node_id is None or claimed not in (None, node_id):
        raise invalid_request("nodeId mismatch")
    return node_id


def _result(invoke: Invoke, answer: Answer) -> NodeInvokeResult:
    return NodeInvokeResult(
        ok=True,
        node_id=invoke.node_id,
        command=invoke.command,
        payload=answer.payload,
        payload_json=answer.text,
    )


def _raise(error: InvokeError, waiting: Waiting | None) -> NoReturn:
    """Answer a failed invoke in the words of protocol.md 9."""
    fault = {"code": error.node_code, "message": error.node_message}
    details: dict[str, Any] = {"nodeError": fault, "nodeCommandDispatched": error.dispatched}
    if error.node_code == "NOT_CONNECTED":
        details = {"code": "NOT_CONNECTED", **details}
    if waiting is not None:
        facts = {"queuedActionId": waiting.id, "nodeId": waiting.node_id, "command": waiting.command}
        details = {"code": "QUEUED_UNTIL_FOREGROUND", **facts, **details}
        message = "node command queued until iOS returns to foreground"
        raise WireError(ErrorCode.UNAVAILABLE, message, details=details, retryable=False) from error
    raise WireError(ErrorCode.UNAVAILABLE, str(error), details=details) from error
