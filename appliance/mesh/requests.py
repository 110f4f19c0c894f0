"""Surfaces that wait for the owner. In memory: after a restart a node that is still there asks again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from appliance.foundation.ids import new_id
from appliance.mesh.errors import RequestMissingError
from appliance.mesh.model import Declared, NodeFacts, SurfaceRequest
from appliance.mesh.surface import approve_scopes

REQUEST_LIFE_MS: Final = 300_000
"""A request of a node that has left lives this long; while the node is there it waits with it."""

MAX_REQUESTS: Final = 64


class SurfaceRequests:
    """At most one request for each node and MAX_REQUESTS in all."""

    def __init__(self, connected: Callable[[str], bool]) -> None:
        self._connected = connected
        self._requests: dict[str, SurfaceRequest] = {}

    def ask(self, node_id: str, facts: NodeFacts, surface: Declared, now_ms: int) -> tuple[SurfaceRequest | None, bool]:
        """Let `surface` wait; return (request, new), (None, False) when too many wait.

        The same surface keeps its id. Another one gets a new id, so that nobody approves what he has not seen.
        """
        self._drop_expired(now_ms)
        before = self._requests.get(node_id)
        if before is None and len(self._requests) >= MAX_REQUESTS:
            return None, False
        same = before is not None and before.surface == surface
        request = SurfaceRequest(
            before.request_id if before is not None and same else new_id(),
            node_id,
            facts,
            surface,
            approve_scopes(surface.commands),
            now_ms,
        )
        self._requests[node_id] = request
        return request, not same

    def of(self, node_id: str, now_ms: int) -> SurfaceRequest | None:
        """Return what waits for this node."""
        self._drop_expired(now_ms)
        return self._requests.get(node_id)

    def all(self, now_ms: int) -> list[SurfaceRequest]:
        """Return everything that waits, oldest first."""
        self._drop_expired(now_ms)
        return sorted(self._requests.values(), key=lambda request: request.ts)

    def find(self, request_id: str, now_ms: int) -> SurfaceRequest:
        """Raises RequestMissingError."""
        found = next((one for one in self.all(now_ms) if one.request_id == request_id), None)
        if found is None:
            raise RequestMissingError("unknown requestId", details={"requestId": request_id})
        return found

    def drop(self, node_id: str) -> None:
        self._requests.pop(node_id, None)

    def left(self, node_id: str, now_ms: int) -> None:
        """Count the life of a request from now on: its node has left."""
        if (request := self._requests.get(node_id)) is not None:
            self._requests[node_id] = msgspec.structs.replace(request, ts=now_ms)

    def _drop_expired(self, now_ms: int) -> None:
        # A clock that was set back must not make a request live longer: from the future is over as well.
        for node_id, request in list(self._requests.items()):
            if not self._connected(node_id) and not -REQUEST_LIFE_MS < now_ms - request.ts < REQUEST_LIFE_MS:
                del self._requests[node_id]
