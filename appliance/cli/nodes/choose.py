"""One of several nodes by the beginning of its id, or by its name. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from appliance.cli.nodes.rows import NONE
from appliance.cli.pairing.choose import ChoiceError
from appliance.cli.pairing.rows import SHORT, name_of

_MIN_CHARS: Final = 2


def choose_node(answer: Mapping[str, Any], wanted: str) -> dict[str, Any]:
    """Return the node of node.list that `wanted` names. Raises ChoiceError."""
    rows: Sequence[dict[str, Any]] = answer["nodes"]
    if not rows:
        raise ChoiceError(NONE)
    return _choose(rows, "nodeId", wanted, "node")


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
        raise ChoiceError(f"{len(rows)} nodes wait; say which: {_names(rows, 'requestId')}.")
    return _choose(rows, "requestId", wanted, "request")


def _choose(rows: Sequence[dict[str, Any]], key: str, wanted: str, what: str) -> dict[str, Any]:
    typed = wanted.strip().rstrip("…").lower()
    exact = [row for row in rows if row[key].lower() == typed or name_of(row).lower() == typed]
    fitting = exact or [row for row in rows if len(typed) >= _MIN_CHARS and row[key].lower().startswith(typed)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise ChoiceError(f"No {what} is called {wanted!r} or begins so. There are: {_names(rows, key)}.")
    raise ChoiceError(f"{wanted!r} fits {len(fitting)}: {_names(fitting, key)}. Type more of the id.")


def _names(rows: Sequence[Mapping[str, Any]], key: str) -> str:
    return ", ".join(f"{row[key][:SHORT]} ({name_of(row)})" for row in rows[:10])
