"""One of several by the beginning of its id, or by its name. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from appliance.cli.pairing.rows import SHORT, name_of
from appliance.foundation.errors import ApplianceError

_MIN_CHARS: Final = 2


class ChoiceError(ApplianceError):
    """Nothing fits what was typed, or too much does."""

    code = "no_such_choice"


def choose_device(answer: Mapping[str, Any], wanted: str) -> dict[str, Any]:
    """Return the paired device that `wanted` names. Raises ChoiceError."""
    rows: Sequence[dict[str, Any]] = answer["paired"]
    if not rows:
        raise ChoiceError("No device is paired yet. `homarus pair` shows a code for one.")
    return _choose(rows, "deviceId", wanted, "device")


def choose_request(answer: Mapping[str, Any], wanted: str | None) -> dict[str, Any]:
    """Return the request that `wanted` names, or the only one that waits. Raises ChoiceError."""
    rows: Sequence[dict[str, Any]] = answer["pending"]
    if not rows:
        raise ChoiceError(
            "No device waits for a decision. A request ends five minutes after the device last asked: "
            "let it connect again, or use `homarus pair`."
        )
    if wanted is None:
        if len(rows) == 1:
            return rows[0]
        raise ChoiceError(f"{len(rows)} devices wait; say which: {_names(rows, 'requestId')}.")
    return _choose(rows, "requestId", wanted, "request")


def _choose(rows: Sequence[dict[str, Any]], key: str, wanted: str, what: str) -> dict[str, Any]:
    typed = wanted.strip().rstrip("…").lower()
    exact = [row for row in rows if row[key].lower() == typed]
    fitting = exact or [row for row in rows if len(typed) >= _MIN_CHARS and row[key].lower().startswith(typed)]
    fitting = fitting or [row for row in rows if name_of(row).lower() == typed]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise ChoiceError(f"No {what} begins with {wanted!r}. There are: {_names(rows, key)}.")
    raise ChoiceError(f"{wanted!r} fits {len(fitting)}: {_names(fitting, key)}. Type more of the id.")


def _names(rows: Sequence[Mapping[str, Any]], key: str) -> str:
    return ", ".join(f"{row[key][:SHORT]} ({name_of(row)})" for row in rows[:10])
