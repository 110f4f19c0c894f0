"""Who is connected, as clients see it (protocol.md 11, system-presence)."""

from __future__ import annotations

from appliance.gateway.method import ConnectionView
from appliance.protocol.codec import encode
from appliance.protocol.hello import PresenceEntry

_UNSEEN_MODES = frozenset({"cli", "probe"})
"""One-shot clients: showing them would make the list flicker with every command."""


class Presence:
    """The list of connected clients, the gateway itself first. `version` grows with each change."""

    def __init__(self, gateway: PresenceEntry) -> None:
        self._gateway = gateway
        self._entries: dict[str, PresenceEntry] = {}
        self._encoded: bytes | None = None
        self.version = 1

    def join(self, view: ConnectionView, remote: str, now_ms: int) -> bool:
        """Add a connection; False when its kind is not shown."""
        client = view.client
        if client.mode in _UNSEEN_MODES:
            return False
        self._entries[view.conn_id] = PresenceEntry(
            ts=now_ms,
            online_since=now_ms,
            text=f"{client.display_name or client.id} ({client.mode})",
            host=client.display_name or client.id,
            client_id=client.id,
            ip=remote,
            version=client.version,
            platform=client.platform,
            device_family=client.device_family,
            model_identifier=client.model_identifier,
            time_zone=client.time_zone,
            mode=client.mode,
            reason="connect",
            device_id=view.device_id,
            roles=(view.role,),
            scopes=tuple(sorted(view.scopes)),
            instance_id=client.instance_id,
        )
        self._changed()
        return True

    def leave(self, conn_id: str) -> bool:
        """Remove a connection; False when it was not shown."""
        if self._entries.pop(conn_id, None) is None:
            return False
        self._changed()
        return True

    def entries(self) -> list[PresenceEntry]:
        return [self._gateway, *self._entries.values()]

    def encoded(self) -> bytes:
        """The list as JSON, kept until it changes: every hello carries it."""
        if self._encoded is None:
            self._encoded = encode(self.entries())
        return self._encoded

    def encoded_gateway(self) -> bytes:
        """The gateway alone, for those who may not know who else is here."""
        return encode([self._gateway])

    def _changed(self) -> None:
        self.version += 1
        self._encoded = None
