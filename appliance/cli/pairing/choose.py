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
    return choose(rows, "deviceId", wanted, "device")


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
        raise ChoiceError(f"{len(rows)} devices wait; say which: {names(rows, 'requestId')}.")
    return choose(rows, "requestId", wanted, "request")


def choose(rows: Sequence[dict[str, Any]], key: str, wanted: str, what: str) -> dict[str, Any]:
    """Return the row whose id under `key` begins with `wanted`, or whose name it is. Raises ChoiceError.

    A name is the word of its device: one that looks like the id of another makes the choice ambiguous, never wrong.
    """
    typed = wanted.strip().rstrip("…").lower()
    exact = [row for row in rows if row[key].lower() == typed]
    fitting = exact or [
        row
        for row in rows
        if (len(typed) >= _MIN_CHARS and row[key].lower().startswith(typed)) or name_of(row).lower() == typed
    ]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise ChoiceError(f"No {what} is called {wanted!r} or begins so. There are: {names(rows, key)}.")
    raise ChoiceError(f"{wanted!r} fits {len(fitting)}: {names(fitting, key)}. Type more of the id.")


def names(rows: Sequence[Mapping[str, Any]], key: str) -> str:
    """Return ids and names for a message, at most ten."""
    return ", ".join(f"{row[key][:SHORT]} ({name_of(row)})" for row in rows[:10])
