"""What can go wrong with a node. Codes and texts are those of protocol.md 9, which clients match on."""

from __future__ import annotations

from appliance.foundation.errors import ApplianceError


class MeshError(ApplianceError):
    """Something about a node could not be done."""

    code = "node"


class NodeMissingError(MeshError):
    """No node has this id or name."""

    code = "unknown_node"


class RequestMissingError(MeshError):
    """No surface waits for approval under this id; it may have expired or been replaced by a wider one."""

    code = "unknown_request"


class ScopesMissingError(MeshError):
    """Who approves must have every right that the commands need."""

    code = "missing_scope"

    def __init__(self, missing: str, required: tuple[str, ...]) -> None:
        super().__init__(f"missing scope: {missing}")
        self.missing = missing
        self.required = required


class CommandRefusedError(MeshError):
    """The node may not be asked for this command. `reason` says which of the three sets lacks it."""

    code = "command_not_allowed"

    def __init__(self, message: str, *, reason: str, command: str) -> None:
        super().__init__(message, details={"reason": reason, "command": command})
        self.reason = reason


class InvokeError(MeshError):
    """An invoke did not end with an answer. `node_code` is the code of the node or ours; `dispatched`: it was sent.

    `doubtful`: nobody knows whether the node did it.
    """

    code = "node_invoke"

    def __init__(
        self, node_code: str, message: str, *, dispatched: bool, text: str | None = None, doubtful: bool = False
    ) -> None:
        super().__init__(text if text is not None else f"{node_code}: {message}")
        self.node_code = node_code
        self.node_message = message
        self.dispatched = dispatched
        self.doubtful = doubtful


class InvokeConflictError(MeshError):
    """The key of an invoke was used for another one."""

    code = "idempotency_conflict"
