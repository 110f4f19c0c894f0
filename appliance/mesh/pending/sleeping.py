"""Commands that a phone cannot do in the background: they wait until its app is in front again."""

from __future__ import annotations

from typing import Final

import msgspec

from appliance.mesh.errors import InvokeError
from appliance.mesh.invoke.calls import sent_params
from appliance.mesh.invoke.model import Invoke
from appliance.mesh.pending.work import PendingWork, Waiting
from appliance.mesh.registry import Mesh
from appliance.mesh.surface import platform_of

_BACKGROUND: Final = "NODE_BACKGROUND_UNAVAILABLE"
_IN_FRONT: Final = ("canvas.", "camera.", "screen.", "talk.")


class Sleeping:
    """Decides which failed invokes are put off."""

    def __init__(self, mesh: Mesh, pending: PendingWork) -> None:
        self._mesh = mesh
        self._pending = pending

    async def put_off(self, invoke: Invoke, error: InvokeError, now_ms: int) -> Waiting | None:
        """Let an invoke wait when its node said that its app sleeps; None for every other failure."""
        if error.node_code != _BACKGROUND or not invoke.command.startswith(_IN_FRONT):
            return None
        live = self._mesh.live(invoke.node_id)
        if live is None or platform_of(live.link.facts.platform, live.link.facts.device_family) != "ios":
            return None
        params = sent_params(invoke, "")
        text = None if params is None else msgspec.json.encode(params).decode()
        return await self._pending.put_off(invoke.node_id, invoke.command, text, invoke.key, now_ms)
