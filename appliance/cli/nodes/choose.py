"""Which node, or request of a node, somebody means. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from appliance.cli.nodes.rows import NONE
from appliance.cli.pairing.choose import ChoiceError, choose, names


def choose_node(answer: Mapping[str, Any], wanted: str) -> dict[str, Any]:
    """Return the node of node.list that `wanted` names. Raises ChoiceError."""
    rows: Sequence[dict[str, Any]] = answer["nodes"]
    if not rows:
        raise ChoiceError(NONE)
    return choose(rows, "nodeId", wanted, "node")


def choose_request(answer: Mapping[str, Any], wanted: str | None) -> dict[str, Any]:
    """Return the request of node.pair.list that `wanted` names, or the only one that waits. Raises ChoiceError."""
    rows: Sequence[dict[str, Any]] = answer["pending"]
    if not rows:
        raise ChoiceError(
            "No node waits for a decision. A node asks when it connects; `homarus devices` shows devices that wait."
        )
    if wanted is None:
        if len(rows) == 1:
            return rows[0]
        raise ChoiceError(f"{len(rows)} nodes wait; say which: {names(rows, 'requestId')}.")
    return choose(rows, "requestId", wanted, "request")
