"""Serves one connection as a node: takes invocations, answers them, and gives signs of life."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from appliance.client.connection import Connection
from appliance.client.errors import ClientError, RequestFailed
from appliance.client.target import Introduction
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.tasks import TaskSet
from appliance.nodehost.commands.device import host_stats
from appliance.nodehost.model import Asked, Command, CommandError
from appliance.nodehost.once import Once, Outcome, wish_of

_log = logging.getLogger(__name__)

MAX_AT_ONCE: Final = 8
_MAX_PARAMS_CHARS: Final = 1_000_000
_DEFAULT_TIMEOUT_S: Final = 30.0
_MAX_TIMEOUT_S: Final = 3600.0
_STATS_S: Final = 60.0
_CHUNK_CHARS: Final = 16_384
_INTERRUPTED: Final = CommandError(
    "INTERRUPTED", "it was begun and cut off before its end; a new idempotencyKey does it again"
)


def introduction(commands: Sequence[Command], name: str | None, path_env: str | None) -> Introduction:
    """Return as what a node with these commands comes."""
    return Introduction(
        client_id="node-host",
        mode="node",
        role="node",
        scopes=(),
        caps=tuple(sorted({command.cap for command in commands})),
        commands=tuple(command.name for command in commands),
        display_name=name,
        platform="linux",
        device_family="linux",
        path_env=path_env,
    )


@dataclass(frozen=True, slots=True)
class Host:
    """The commands of this machine, by name, and what was done lately: that outlasts a connection."""

    commands: Mapping[str, Command]
    clock: Clock
    once: Once = field(default_factory=Once)

    async def serve(self, connection: Connection) -> None:
        """Serve until the connection ends. Raises ConnectionLost; what still ran then is ended."""
        service = _Service(self, connection, TaskSet("node"))
        try:
            service.tasks.spawn(service.live(), name="signs of life")
            async for event in connection.events():
                if event.name == "node.invoke.request":
                    service.asked(event.payload)
                elif event.name == "node.invoke.cancel":
                    service.cancelled(event.payload)
        finally:
            await service.tasks.aclose()


class _Service:
    def __init__(self, host: Host, connection: Connection, tasks: TaskSet) -> None:
        self.tasks = tasks
        self._host = host
        self._connection = connection
        self._running: dict[str, asyncio.Task[Any]] = {}

    async def live(self) -> None:
        """Say how this machine is, now and every minute."""
        await self._event("node.presence.alive", {"trigger": "connect"})
        while True:
            await self._event("node.host.stats", host_stats(Path("/")))
            await self._host.clock.sleep(_STATS_S)

    def asked(self, payload: Any) -> None:
        """Begin with an invocation; one that comes twice is done once."""
        if not isinstance(payload, Mapping) or not isinstance(payload.get("id"), str):
            return
        invoke_id = payload["id"]
        if invoke_id in self._running:
            return
        if len(self._running) >= MAX_AT_ONCE:
            self.tasks.spawn(self._answer(payload, CommandError("BUSY", "this node is busy; try again")), name="busy")
            return
        task = self.tasks.spawn(self._run(payload), name=f"invoke {payload.get('command')}")
        self._running[invoke_id] = task
        task.add_done_callback(lambda _: self._running.pop(invoke_id, None))

    def cancelled(self, payload: Any) -> None:
        """End an invocation that nobody waits for any more."""
        named = payload.get("id") or payload.get("invokeId") if isinstance(payload, Mapping) else None
        task = self._running.get(named) if isinstance(named, str) else None
        if task is not None:
            task.cancel()

    async def _run(self, payload: Mapping[str, Any]) -> None:
        outcome: Outcome
        try:
            command = self._host.commands.get(str(payload.get("command")))
            if command is None:
                raise CommandError("UNKNOWN_COMMAND", f"this node has no command {payload.get('command')}")
            outcome = await self._at_most_once(command, payload, _params(payload))
        except CommandError as error:
            outcome = error
        except ApplianceError as error:
            outcome = CommandError("UNAVAILABLE", str(error))
        except OSError as error:
            _log.exception("command %s failed", payload.get("command"))
            outcome = CommandError("UNAVAILABLE", f"it failed on the node: {error.strerror or error}")
        await self._answer(payload, outcome)

    async def _at_most_once(self, command: Command, payload: Mapping[str, Any], params: dict[str, Any]) -> Outcome:
        """Do it, unless that was done under the same key; a first try that was cut off half-way counts as done."""
        once, monotonic, wish = self._host.once, self._host.clock.monotonic, wish_of(payload, params)
        if (known := once.begin(wish, monotonic())) is not None:
            return known
        begun = asyncio.Event()
        asked = self._ask(payload, params, begun)
        kept: Outcome | None = None
        try:
            async with asyncio.timeout(asked.timeout_s):
                kept = outcome = await command.run(asked)
            return outcome
        except (asyncio.CancelledError, TimeoutError) as error:
            if begun.is_set():
                kept = _INTERRUPTED
            if isinstance(error, TimeoutError):
                raise CommandError("TIMEOUT", f"{command.name} took longer than {asked.timeout_s:g} s") from error
            raise
        finally:
            once.end(wish, kept, monotonic())

    def _ask(self, payload: Mapping[str, Any], params: dict[str, Any], begun: asyncio.Event) -> Asked:
        wanted = payload.get("timeoutMs")
        timeout_s = wanted / 1000 if isinstance(wanted, int) and wanted > 0 else _DEFAULT_TIMEOUT_S
        return Asked(
            invoke_id=payload["id"],
            params=params,
            timeout_s=min(timeout_s, _MAX_TIMEOUT_S),
            progress=self._progress(payload),
            begins=begun.set,
        )

    def _progress(self, payload: Mapping[str, Any]) -> Any:
        seq = 0

        async def told(text: str) -> None:
            nonlocal seq
            for at in range(0, len(text), _CHUNK_CHARS):
                chunk = {"invokeId": payload["id"], "nodeId": payload.get("nodeId"), "seq": seq}
                seq += 1
                await self._call("node.invoke.progress", {**chunk, "chunk": text[at : at + _CHUNK_CHARS]})

        return told

    async def _answer(self, payload: Mapping[str, Any], outcome: Outcome) -> None:
        result: dict[str, Any] = {"id": payload["id"], "nodeId": payload.get("nodeId")}
        if isinstance(outcome, CommandError):
            result |= {"ok": False, "error": {"code": outcome.wire_code, "message": str(outcome)}}
        else:
            result |= {"ok": True, "payload": outcome}
        await self._call("node.invoke.result", result)

    async def _event(self, name: str, payload: dict[str, Any]) -> None:
        await self._call("node.event", {"event": name, "payloadJSON": json.dumps(payload)})

    async def _call(self, method: str, params: dict[str, Any]) -> None:
        try:
            await self._connection.call(method, params)
        except (RequestFailed, TimeoutError) as error:
            _log.warning("%s was not taken: %s", method, error)
        except ClientError:
            return  # the connection ends; whoever reads its events says so


def _params(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters: JSON in a text (protocol.md 9). Raises CommandError."""
    text = payload.get("paramsJSON")
    if text is None:
        return {}
    try:
        params = json.loads(text) if isinstance(text, str) and len(text) <= _MAX_PARAMS_CHARS else None
    except (ValueError, RecursionError):
        params = None
    if params is None and text not in ("null", ""):
        raise CommandError("INVALID_REQUEST", "paramsJSON is not JSON, or too long")
    if not isinstance(params or {}, dict):
        raise CommandError("INVALID_REQUEST", "the parameters must be an object")
    return params or {}
