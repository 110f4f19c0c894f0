"""What a node reports by itself: how its machine is, that it is there, what it offers beside its commands."""

from __future__ import annotations

import math
from typing import Annotated, Any, Final

import msgspec

from appliance.events import Bus, NodeNews
from appliance.foundation.clock import Clock
from appliance.mesh.model import MAX_NAME_CHARACTERS, HostStats
from appliance.mesh.registry import Mesh
from appliance.protocol.codec import check_depth
from appliance.protocol.errors import WireError

_TELL_EVERY_S: Final = 5.0
"""A node that reports more often is heard; clients are told at this pace."""
_MAX_TEXT_BYTES: Final = 256 * 1024

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_SEEN: Final = frozenset({"node.presence.alive", "node.presence.activity"})

UPDATED: Final = "updated"
INVALID: Final = "invalid payload"
UNUSED: Final = "nothing on this box uses it"


class _Stats(msgspec.Struct, rename="camel"):
    cpu_count: Annotated[int, msgspec.Meta(ge=0, le=65_536)]
    load_average: Annotated[list[float], msgspec.Meta(max_length=3)]
    memory_total_bytes: _Count
    memory_free_bytes: _Count
    disk_total_bytes: _Count
    disk_available_bytes: _Count


class Reports:
    """Takes the events of nodes (node.event)."""

    def __init__(self, mesh: Mesh, bus: Bus, clock: Clock) -> None:
        self._mesh = mesh
        self._bus = bus
        self._clock = clock
        self._told: dict[tuple[str, str], float] = {}
        mesh.on_gone(self._gone)

    def heard(self, node_id: str, event: str, payload: Any, text: str | None) -> tuple[bool, str]:
        """Take one event; return (handled, reason)."""
        if event == "node.host.stats":
            return self._stats(node_id, payload, text)
        if event in _SEEN:
            return self._seen(node_id, event, payload, text)
        return False, UNUSED

    def _stats(self, node_id: str, payload: Any, text: str | None) -> tuple[bool, str]:
        now_ms = self._clock.now_ms()
        try:
            stats = msgspec.convert(_value(payload, text), _Stats)
        except (msgspec.ValidationError, ValueError):
            return False, INVALID
        if not all(math.isfinite(one) and one >= 0 for one in stats.load_average):
            return False, INVALID
        kept = HostStats(
            stats.cpu_count,
            tuple(round(one, 2) for one in stats.load_average),
            stats.memory_total_bytes,
            stats.memory_free_bytes,
            stats.disk_total_bytes,
            stats.disk_available_bytes,
            now_ms,
        )
        if (live := self._mesh.live(node_id)) is not None:
            live.told["hostStats"] = kept  # also for a node whose surface is still being judged
        if (record := self._mesh.record(node_id)) is not None:
            self._mesh.note(msgspec.structs.replace(record, host_stats=kept, last_seen_ms=now_ms))
        self._tell(node_id, "node.hostStats", {"nodeId": node_id, "hostStats": msgspec.to_builtins(kept)})
        return True, UPDATED

    def _seen(self, node_id: str, event: str, payload: Any, text: str | None) -> tuple[bool, str]:
        now_ms = self._clock.now_ms()
        try:
            value = _value(payload, text)
        except ValueError:
            return False, INVALID
        trigger = value.get("trigger") if isinstance(value, dict) else None
        reason = trigger if isinstance(trigger, str) and trigger.isprintable() else event.rpartition(".")[2]
        reason = reason[:MAX_NAME_CHARACTERS]
        if (record := self._mesh.record(node_id)) is not None:
            self._mesh.note(msgspec.structs.replace(record, last_seen_ms=now_ms, last_seen_reason=reason))
        self._tell(node_id, "node.presence", {"nodeId": node_id, "connected": True, "reason": reason, "ts": now_ms})
        return True, UPDATED

    def _tell(self, node_id: str, event: str, payload: dict[str, Any]) -> None:
        now = self._clock.monotonic()
        if now - self._told.get((node_id, event), -math.inf) >= _TELL_EVERY_S:
            self._told[node_id, event] = now
            self._bus.publish(NodeNews(event, payload))

    def _gone(self, _: str) -> None:
        connected = set(self._mesh.connected())
        self._told = {key: when for key, when in self._told.items() if key[0] in connected}


def _value(payload: Any, text: str | None) -> Any:
    """Return what was sent as an object or as JSON text. Raises ValueError."""
    if text is None:
        return {} if payload is msgspec.UNSET else payload
    data = text.encode(errors="replace")
    if len(data) > _MAX_TEXT_BYTES:
        raise ValueError("too long")
    try:
        check_depth(data)
        return msgspec.json.decode(data)
    except (WireError, msgspec.DecodeError, RecursionError) as error:
        raise ValueError("not JSON") from error
