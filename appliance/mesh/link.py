"""The seam to the connection of a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from appliance.mesh.model import Declared, NodeFacts


class NodeLink(Protocol):
    """One live connection of a node. It is gone when the mesh is told so, never earlier and never later."""

    @property
    def conn_id(self) -> str: ...
    @property
    def node_id(self) -> str:
        """The device id: a node is a device."""
        ...

    @property
    def facts(self) -> NodeFacts: ...
    @property
    def declared(self) -> Declared:
        """What the node says it can do, within the bounds of `model.declared`."""
        ...

    @property
    def trusted(self) -> bool:
        """Whether the owner vouched for the first surface of this device: with a setup code, or with the secret of
        the gateway from this machine.
        """
        ...

    def tell(self, event: str, payload: Mapping[str, Any]) -> bool:
        """Send an event to the node; False when the connection is gone."""
        ...

    def close(self, code: int, reason: str) -> None: ...
