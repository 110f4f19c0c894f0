"""Tools by which an agent sees the nodes and asks them. They exist while a node with effective commands is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from appliance.foundation.ids import digest
from appliance.generation import Effect
from appliance.identity.model import Device
from appliance.mesh.errors import CommandRefusedError, InvokeError
from appliance.mesh.invoke.calls import Invocations
from appliance.mesh.invoke.model import Invoke
from appliance.mesh.model import Declared
from appliance.mesh.registry import Mesh
from appliance.mesh.surface import invoke_scope
from appliance.protocol.roles import ADMIN
from appliance.tools.arguments import Arguments
from appliance.tools.base import Tool, ToolContext, ToolOutput, ToolRefusedError, function_tool

GROUPS: Final = ("nodes",)
RUN_GROUPS: Final = ("nodes", "runtime")
RUN: Final = "node_run"
NAMES: Final = frozenset({"node_list", "node_invoke", RUN})

_TIMEOUT_MS: Final = 25_000
"""Below the time that a tool has, so that the node is told when nobody waits any more."""
_MAX_TEXT: Final = 2_000
_MAX_STRING: Final = 500
_MAX_ITEMS: Final = 50
_RUNNING: Final = "system.run"
_HINTS: Final = re.compile(r"\b(nodes?|knoten|n(?:œ|oe)uds?)\b", re.IGNORECASE)
_SURE: Final = 1.0

_Node = Annotated[str, Meta(min_length=1, max_length=128, description="name or id, as node_list shows it")]


class NodeList(Arguments, frozen=True):
    node: _Node | None = None


class NodeInvoke(Arguments, frozen=True):
    node: _Node
    command: Annotated[str, Meta(min_length=1, max_length=128, description="one of those that node_list shows")]
    params: dict[str, Any] | None = None


class NodeRun(Arguments, frozen=True):
    node: _Node
    argv: Annotated[
        list[Annotated[str, Meta(max_length=4096)]],
        Meta(min_length=1, max_length=64, description="program and arguments; no shell"),
    ]
    cwd: Annotated[str, Meta(max_length=1024)] | None = None


class NodeTools:
    """The nodes as an agent sees them: those that are connected, with what is effective now."""

    def __init__(self, mesh: Mesh, invocations: Invocations) -> None:
        self._mesh = mesh
        self._invocations = invocations

    def hidden(self) -> frozenset[str]:
        """Return the tools that would be of no use now: nobody offers them, and no prompt carries them."""
        effective = {name for node in self._mesh.connected() for name in self._mesh.effective(node).commands}
        commands = {name for name in effective if _for_agents(name)}
        if not commands:
            return NAMES
        return frozenset() if _RUNNING in commands else frozenset({RUN})

    def hints(self, text: str) -> Mapping[str, float]:
        """Return the tool that a sentence is about when it names a connected node, or nodes at all."""
        if self.hidden() == NAMES:
            return {}
        folded = text.casefold()
        named = any(len(name) > 2 and name.casefold() in folded for name in self._mesh.names())
        return {"node_invoke": _SURE} if named or _HINTS.search(text) else {}

    def tools(self) -> tuple[tuple[Tool, tuple[str, ...]], ...]:
        """Return each tool with its groups."""
        write = Effect.WRITE
        listing = function_tool("node_list", "Connected devices and their commands.", NodeList, self._list)
        asking = function_tool("node_invoke", "Do a command on a device.", NodeInvoke, self._invoke, effect=write)
        running = function_tool(RUN, "Run a program on a device.", NodeRun, self._run, effect=write)
        return ((listing, GROUPS), (asking, GROUPS), (running, RUN_GROUPS))

    async def _list(self, arguments: NodeList, _: ToolContext) -> ToolOutput:
        nodes = await self._connected()
        if arguments.node is not None:
            device = _find(nodes, arguments.node)
            nodes = {device.device_id: device}
        rows = [self._row(device) for device in nodes.values()]
        lines = [f"{row['name']} ({row['platform']}): {', '.join(row['commands']) or 'nothing'}" for row in rows]
        return ToolOutput("\n".join(lines) or "No device is connected.", {"nodes": rows})

    def _row(self, device: Device) -> dict[str, Any]:
        live, record = self._mesh.live(device.device_id), self._mesh.record(device.device_id)
        facts = live.link.facts if live is not None else None
        row: dict[str, Any] = {
            "node": device.device_id,
            "name": _name(device),
            "platform": (facts.platform if facts else "") or device.platform,
            "commands": [name for name in self._mesh.effective(device.device_id).commands if _for_agents(name)],
        }
        if record is not None and record.host_stats is not None:
            row["hostStats"] = msgspec.to_builtins(record.host_stats)
        return row

    async def _invoke(self, arguments: NodeInvoke, context: ToolContext) -> ToolOutput:
        command = arguments.command
        if command.startswith(_RUNNING):
            raise ToolRefusedError(f"Use {RUN} to run a program.")
        if not _for_agents(command):
            raise ToolRefusedError(f"{command} is for the owner alone.")
        device = _find(await self._connected(), arguments.node)
        value = await self._ask(device, command, dict(arguments.params or {}), context, arguments)
        return ToolOutput(_text(value), _brief(value))

    async def _run(self, arguments: NodeRun, context: ToolContext) -> ToolOutput:
        """Run a program as the reference does: let the node plan it, then run exactly that plan."""
        device = _find(await self._connected(), arguments.node)
        params: dict[str, Any] = {
            "command": arguments.argv,
            "agentId": context.agent_id,
            "sessionKey": context.session_key,
        }
        if arguments.cwd is not None:
            params["cwd"] = arguments.cwd
        if "system.run.prepare" in self._surface(device).commands:
            prepared = await self._ask(device, "system.run.prepare", params, context, arguments)
            if isinstance(prepared, dict) and isinstance(prepared.get("plan"), dict):
                params["systemRunPlan"] = prepared["plan"]
        value = await self._ask(device, _RUNNING, {**params, "timeoutMs": _TIMEOUT_MS}, context, arguments)
        return _ran(value)

    async def _ask(
        self, device: Device, command: str, params: dict[str, Any], context: ToolContext, arguments: Arguments
    ) -> Any:
        # The same call tried again is the same wish, also for the node.
        parts = [context.session_key, context.run_id, context.call_id, command, arguments]
        key = digest(msgspec.json.encode(parts))
        actor = f"agent:{context.agent_id}"
        try:
            answer = await self._invocations.ask(
                Invoke(device.device_id, command, actor, key, params or None, _TIMEOUT_MS)
            )
        except (InvokeError, CommandRefusedError) as error:
            raise ToolRefusedError(f"{_name(device)}: {error}") from error
        return answer.text if answer.text is not None and answer.value() is None else answer.value()

    def _surface(self, device: Device) -> Declared:
        return self._mesh.effective(device.device_id)

    async def _connected(self) -> dict[str, Device]:
        connected = set(self._mesh.connected())
        return {one.device_id: one for one in await self._mesh.devices() if one.device_id in connected}


def _for_agents(command: str) -> bool:
    """Tell whether an agent may ask for a command: it stands for who may write, never for an owner."""
    return invoke_scope(command) != ADMIN


def _name(device: Device) -> str:
    return device.operator_label or device.display_name or device.device_id[:8]


def _find(nodes: Mapping[str, Device], wanted: str) -> Device:
    folded = wanted.strip().casefold()
    found = [one for one in nodes.values() if folded in (_name(one).casefold(), one.device_id)]
    if not found and len(folded) >= 4:
        found = [one for one in nodes.values() if one.device_id.startswith(folded)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(_name(one) for one in nodes.values())) or "none"
    if found:
        raise ToolRefusedError(f"Several devices are called {wanted}: use the id that node_list shows.")
    raise ToolRefusedError(f"No device {wanted[:64]} is connected. Connected: {names}.")


def _ran(value: Any) -> ToolOutput:
    if not isinstance(value, dict):
        return ToolOutput(_text(value), _brief(value))
    output = "\n".join(part for name in ("stdout", "stderr") if isinstance(part := value.get(name), str) and part)
    error = value.get("error")
    failed = value.get("success") is False
    parts = [output.strip(), str(error) if error else ""]
    if failed and not error:
        parts.append("timed out" if value.get("timedOut") else f"exit status {value.get('exitCode')}")
    text = _cut("\n".join(part for part in parts if part) or "done", _MAX_TEXT)
    return ToolOutput(text, _brief(value), is_error=failed)


def _text(value: Any) -> str:
    if value is None:
        return "done"
    text = value if isinstance(value, str) else msgspec.json.encode(_brief(value)).decode()
    return _cut(text, _MAX_TEXT)


def _brief(value: Any) -> Any:
    """Return the value with what is long cut short: a photograph in a prompt helps nobody."""
    if isinstance(value, str):
        return _cut(value, _MAX_STRING)
    if isinstance(value, list):
        return [_brief(one) for one in value[:_MAX_ITEMS]]
    if isinstance(value, dict):
        return {name: _brief(one) for name, one in list(value.items())[:_MAX_ITEMS]}
    return value


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters in all)"
