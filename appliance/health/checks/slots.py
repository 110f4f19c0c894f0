"""The two slots of the system: which one runs, whether the other could be gone back to, and a trial that is open.

RAUC is asked (`rauc status --detailed --output-format=json`); nothing is said where it is not installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look, json_object

_TRIAL: Final = "data/system/updates/trial.json"
_LONG_MS: Final = 60 * 60_000  # a trial ends within minutes: by itself, or by a restart


def check(look: Look) -> Iterator[Condition]:
    """Say what is wrong with the slots. Asking starts the update service: only where somebody wants to know."""
    if not look.there("usr/lib/homarus/box.json"):
        return
    answer = look.run(["rauc", "status", "--detailed", "--output-format=json"])
    if answer is None:
        summary = "The update service does not answer: updates and the way back from them do not work."
        fix = "`systemctl status rauc` says why; a restart of the box starts it again."
        yield Condition("slots", "rauc", Severity.DEGRADED, summary, fix, {"form": "away"})
    else:
        yield from _slots(json_object(answer))


def _slots(status: Mapping[str, Any]) -> Iterator[Condition]:
    booted = str(status.get("booted") or "")
    for name, state in _bootable(status):
        bad = state.get("boot_status") == "bad"
        if not bad:
            continue
        bootname = str(state.get("bootname") or name)
        details: dict[str, str | int] = {"form": "booted" if bootname == booted else "other", "slot": bootname}
        if bootname == booted:
            summary = f"System {bootname} runs, but is marked as bad: the next start takes the other one."
            fix = "`homarus update status` says what failed."
            yield Condition("slots", bootname, Severity.DEGRADED, summary, fix, details)
        elif _written(state):  # on a new box nothing is in the other one
            summary = f"System {bootname} is not good: there is none to go back to if this one fails."
            fix = "The next update writes it again: `homarus update check`."
            yield Condition("slots", bootname, Severity.NOTICE, summary, fix, details)


def _written(state: Mapping[str, Any]) -> bool:
    """Tell whether an update was ever installed there."""
    status = state.get("slot_status")
    installed = status.get("installed") if isinstance(status, dict) else None
    return isinstance(installed, dict) and bool(installed.get("timestamp") or installed.get("count"))


def _bootable(status: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    slots = status.get("slots")
    for slot in slots if isinstance(slots, list) else []:
        for name, state in slot.items() if isinstance(slot, dict) else ():
            if isinstance(state, dict) and state.get("bootname"):
                yield str(name), state


def check_trial(look: Look) -> Iterator[Condition]:
    """Say that an update is on trial, and when that goes on for too long."""
    trial = look.json(_TRIAL)
    if not trial:
        return
    try:
        age_ms = look.now_ms - int((look.root / _TRIAL).stat().st_mtime * 1000)
    except OSError:
        return
    minutes = max(0, age_ms // 60_000)
    details: dict[str, str | int] = {"form": "trial", "minutes": minutes}
    if age_ms > _LONG_MS:
        summary = f"An update has been on trial for {minutes} minutes and was neither kept nor taken back."
        fix = "Restart the box; `homarus update status` then says what became of it."
        yield Condition("update_trial", "update", Severity.DEGRADED, summary, fix, details)
    else:
        summary = "An update is on trial: it is kept when everything answers."
        yield Condition("update_trial", "update", Severity.NOTICE, summary, "Wait a few minutes.", details)
