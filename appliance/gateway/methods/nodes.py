"""node.list, node.describe, node.pair.*, node.rename: which nodes there are and what their owner decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from appliance.access.scopes import expand
from appliance.gateway.method import Call, Method
from appliance.identity.model import Device
from appliance.mesh.errors import NodeMissingError, RequestMissingError, ScopesMissingError
from appliance.mesh.model import Declared, NodeRecord, SurfaceRequest
from appliance.mesh.registry import Live, Mesh
from appliance.protocol.errors import WireError, invalid_request, missing_scope
from appliance.protocol.methods.base import Empty, or_unset
from appliance.protocol.methods.nodes import (
    NodeDescription,
    NodeListResult,
    NodePairApproveResult,
    NodePairListResult,
    NodePairParams,
    NodePairRejectResult,
    NodeParams,
    NodeRemoveResult,
    NodeRenameParams,
    NodeRenameResult,
    NodeRow,
    PairedNode,
)
from appliance.protocol.roles import ADMIN, NODE, PAIRING, READ

Announce = Callable[[str, Any], int]
"""Send an event to those who may hear it."""


class DeviceRights(Protocol):
    """What the owner may change about the device of a node (identity.DeviceStore)."""

    async def remove(self, device_id: str) -> bool: ...
    async def revoke(self, device_id: str, role: str, now_ms: int) -> Device: ...
    async def rename(self, device_id: str, label: str) -> Device: ...


class NodeMethods:
    """The nodes as operators see them."""

    def __init__(self, mesh: Mesh, rights: DeviceRights, announce: Announce) -> None:
        self._mesh = mesh
        self._rights = rights
        self._announce = announce

    async def list(self, call: Call, _: Empty) -> NodeListResult:
        rows = [self._row(device, call.now_ms) for device in await self._mesh.devices()]
        return NodeListResult(ts=call.now_ms, nodes=rows)

    async def describe(self, call: Call, params: NodeParams) -> NodeDescription:
        row = self._row(await self._device(params.node_id), call.now_ms)
        return NodeDescription(ts=call.now_ms, **msgspec.structs.asdict(row))

    async def pairs(self, call: Call, _: Empty) -> NodePairListResult:
        devices = {device.device_id: device for device in await self._mesh.devices()}
        records = ((device, self._mesh.record(node_id)) for node_id, device in devices.items())
        paired = [_paired(device, record) for device, record in records if _holds(device, record) and record]
        waiting = [one.row() for one in self._mesh.requests.all(call.now_ms) if one.node_id in devices]
        return NodePairListResult(pending=waiting, paired=paired)

    async def approve(self, call: Call, params: NodePairParams) -> NodePairApproveResult:
        try:
            request, record = await self._mesh.approve(params.request_id, expand(call.connection.scopes))
        except (RequestMissingError, NodeMissingError, ScopesMissingError) as error:
            raise _refused(error) from error
        device = await self._device(request.node_id)
        return NodePairApproveResult(request_id=request.request_id, node=_paired(device, record))

    async def reject(self, call: Call, params: NodePairParams) -> NodePairRejectResult:
        try:
            request = await self._mesh.reject(params.request_id, expand(call.connection.scopes))
        except (RequestMissingError, ScopesMissingError) as error:
            raise _refused(error) from error
        return NodePairRejectResult(request_id=request.request_id, node_id=request.node_id)

    async def remove(self, call: Call, params: NodeParams) -> NodeRemoveResult:
        """End a node: its approvals and its right to come as one, so its sockets. Other roles of the device stay."""
        _check_own(call, params.node_id)
        device = await self._device(params.node_id)
        await self._mesh.forget(params.node_id)
        if set(device.roles) <= {NODE}:
            await self._rights.remove(params.node_id)
        else:
            await self._rights.revoke(params.node_id, NODE, call.now_ms)
        self._announce("device.pair.changed", {})
        return NodeRemoveResult(node_id=params.node_id)

    async def rename(self, call: Call, params: NodeRenameParams) -> NodeRenameResult:
        """Give a node a name: that of its device, so that every list shows the same one."""
        _check_own(call, params.node_id)
        await self._device(params.node_id)
        device = await self._rights.rename(params.node_id, _label(params.display_name))
        self._announce("device.pair.changed", {})
        return NodeRenameResult(node_id=device.device_id, display_name=device.operator_label or "")

    async def _device(self, node_id: str) -> Device:
        found = next((one for one in await self._mesh.devices() if one.device_id == node_id), None)
        if found is None:
            raise _refused(NodeMissingError("unknown nodeId", details={"nodeId": node_id}))
        return found

    def _row(self, device: Device, now_ms: int) -> NodeRow:
        record = self._mesh.record(device.device_id)
        record = record if _holds(device, record) else None
        live = self._mesh.live(device.device_id)
        surface = self._surface(record, live)
        return _row(device, record, live, surface, self._mesh.requests.of(device.device_id, now_ms))

    def _surface(self, record: NodeRecord | None, live: Live | None) -> Declared:
        if live is not None:
            return self._mesh.effective(live.link.node_id)
        return record.approved if record is not None and record.approved is not None else Declared()

    def methods(self) -> tuple[Method, ...]:
        """Return the methods."""
        return (
            Method("node.list", READ, Empty, self.list, result=NodeListResult),
            Method("node.describe", READ, NodeParams, self.describe, result=NodeDescription),
            Method("node.pair.list", PAIRING, Empty, self.pairs, result=NodePairListResult),
            Method("node.pair.approve", PAIRING, NodePairParams, self.approve, result=NodePairApproveResult),
            Method("node.pair.reject", PAIRING, NodePairParams, self.reject, result=NodePairRejectResult),
            Method("node.pair.remove", PAIRING, NodeParams, self.remove, result=NodeRemoveResult),
            Method("node.rename", PAIRING, NodeRenameParams, self.rename, result=NodeRenameResult),
        )


def _check_own(call: Call, node_id: str) -> None:
    """Refuse to end or rename the device of somebody else without admin (protocol.md 5.3), as device.pair.* does."""
    if not call.connection.manages(node_id):
        raise missing_scope(ADMIN, (ADMIN, PAIRING))


def _label(text: str) -> str:
    """Return a name as it is shown: one line of at most 64 visible characters."""
    label = "".join(letter for letter in text.strip() if letter.isprintable())[:64].strip()
    if not label:
        raise invalid_request("the name of a node is 1 to 64 visible characters")
    return label


def _holds(device: Device, record: NodeRecord | None) -> bool:
    """Tell whether a record belongs to this pairing of the device."""
    return record is not None and record.device_created_ms == device.created_at_ms and record.approved is not None


def _refused(error: RequestMissingError | NodeMissingError | ScopesMissingError) -> WireError:
    if isinstance(error, ScopesMissingError):
        return missing_scope(error.missing, error.required)
    return invalid_request(str(error), details={"code": error.code.upper(), **error.details})


def _name(device: Device, reported: str | None = None) -> str | None:
    return device.operator_label or reported or device.display_name


def _row(
    device: Device, record: NodeRecord | None, live: Live | None, surface: Declared, waiting: SurfaceRequest | None
) -> NodeRow:
    facts = live.link.facts if live is not None else record.facts if record is not None else None
    state = "approved" if record is not None else "unapproved"
    tools = live.told.get("pluginTools", []) if live is not None else None
    return NodeRow(
        node_id=device.device_id,
        display_name=or_unset(_name(device, facts.display_name if facts else None)),
        platform=(facts.platform if facts else "") or device.platform,
        version=or_unset(facts.version if facts else None),
        client_id=(facts.client_id if facts else "") or device.client_id or "",
        client_mode=(facts.client_mode if facts else "") or device.client_mode or "node",
        device_family=or_unset((facts.device_family if facts else "") or device.device_family or None),
        model_identifier=or_unset(facts.model_identifier if facts else None),
        remote_ip=or_unset((facts.remote_ip if facts else "") or device.remote_ip or None),
        caps=list(surface.caps),
        commands=list(surface.commands),
        permissions=or_unset(dict.fromkeys(surface.permissions, True) or None),
        host_stats=or_unset(record.host_stats if record else None),
        node_plugin_tools=or_unset(tools),
        path_env=or_unset(facts.path_env if facts else None),
        approval_state="pending-approval" if waiting is not None else state,
        connected_at_ms=or_unset(live.connected_ms if live else None),
        last_connected_at_ms=or_unset(record.last_connected_ms if record else None),
        last_disconnected_at_ms=or_unset(record.last_disconnected_ms if record else None),
        last_seen_at_ms=or_unset(record.last_seen_ms if record else None),
        last_seen_reason=or_unset(record.last_seen_reason if record else None),
        approved_at_ms=or_unset(record.approved_at_ms if record else None),
        paired=record is not None,
        connected=live is not None,
        pending_request_id=or_unset(waiting.request_id if waiting else None),
        pending_declared_caps=or_unset(list(waiting.surface.caps) if waiting else None),
        pending_declared_commands=or_unset(list(waiting.surface.commands) if waiting else None),
    )


def _paired(device: Device, record: NodeRecord) -> PairedNode:
    facts, approved = record.facts, record.approved or Declared()
    return PairedNode(
        node_id=device.device_id,
        client_id=facts.client_id,
        client_mode=facts.client_mode,
        display_name=or_unset(_name(device, facts.display_name)),
        platform=facts.platform,
        version=facts.version,
        device_family=facts.device_family,
        caps=list(approved.caps),
        commands=list(approved.commands),
        remote_ip=facts.remote_ip,
        created_at_ms=record.created_at_ms,
        approved_at_ms=record.approved_at_ms or 0,
        last_connected_at_ms=or_unset(record.last_connected_ms),
        last_disconnected_at_ms=or_unset(record.last_disconnected_ms),
        last_host_stats=or_unset(record.host_stats),
        last_seen_at_ms=or_unset(record.last_seen_ms),
        last_seen_reason=or_unset(record.last_seen_reason),
    )
