"""Starting the update service and holding it back. What is installed is decided by that service, not by who asks."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from appliance.foundation.clock import SystemClock
from appliance.foundation.ids import new_id
from appliance.hostservice.frame import RequestError
from appliance.hostservice.systemctl import begin
from appliance.updates.errors import UpdateError
from appliance.updates.records.files import Records
from appliance.updates.records.model import Action, Hold, Note, Phase, Request, RunId, Trigger

_DAY_MS: Final = 24 * 3_600_000
MAX_HOLD_DAYS: Final = 90
_ACTIONS: Final = (Action.CHECK, Action.APPLY, Action.ROLLBACK)
_WRITERS: Final = (Action.APPLY, Action.AUTO)
_WRITING: Final = (Phase.VALIDATING, Phase.STAGING, Phase.ACTIVATING)

_Model = TypeVar("_Model", bound=msgspec.Struct)


class _Start(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    action: Action
    run_id: RunId | None = None
    trigger: Trigger = "api"
    note: Note = ""
    reboot: bool = True


class _Hold(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    days: float


def start(params: Mapping[str, object]) -> Mapping[str, object]:
    """Begin `action`; return the id of its run. Progress is in /run/homarus-update/status.json."""
    return start_on(Records.on(), params, expect_way_back)


def hold(params: Mapping[str, object]) -> Mapping[str, object]:
    """Let nothing be installed unasked for so many days, 0 to end that; return until when."""
    return hold_on(Records.on(), params, SystemClock().now_ms())


def start_on(records: Records, params: Mapping[str, object], way_back: Callable[[], None]) -> Mapping[str, object]:
    """Do `start` with these records; `way_back` refuses a rollback to nothing. Raises RequestError."""
    wanted = _read(params, _Start)
    if wanted.action not in _ACTIONS:
        raise RequestError("host_request", f"{wanted.action} is not for asking.")
    # A run that meets another one ends at once, and its request would be taken by the next of the timer.
    if _alive(records):
        raise RequestError("update_running", "An update is under way; `homarus update status` shows it.")
    if wanted.action is Action.ROLLBACK:
        way_back()
    request = Request(wanted.run_id or new_id(), wanted.trigger, wanted.note, wanted.reboot)
    records.write_request(request)
    begin("start", f"homarus-update@{wanted.action}.service")
    return {"runId": request.run_id}


def expect_way_back(root: Path = Path("/")) -> None:
    """Refuse a rollback where the slot of before or the copy of its state is not there. Raises RequestError.

    Whether there is room for the state is not for this service to see; the run itself says so.
    """
    from appliance.host.rauc import Rauc, RaucError
    from appliance.updates.gate.command import booted_release
    from appliance.updates.install.earlier import earlier
    from appliance.updates.trial.places import Places

    booted = booted_release(root)
    if booted is None:
        raise RequestError("no_slot", "This machine has no slots, so there is no version to go back to.")
    try:
        earlier(Places.on(root), booted, Rauc().slots, SystemClock().now_ms())
    except UpdateError as error:
        raise RequestError(error.code, " ".join(filter(None, (str(error), error.fix)))) from error
    except RaucError as error:
        why = str(error).rstrip(".")
        told = f"What is in the other slot cannot be found out: {why}. Restart the box, then try again."
        raise RequestError(error.code, told) from error


def hold_on(records: Records, params: Mapping[str, object], now_ms: int) -> Mapping[str, object]:
    """Do `hold` with these records. Raises RequestError."""
    days = _read(params, _Hold).days
    if not 0 <= days <= MAX_HOLD_DAYS:
        raise RequestError("host_request", f"Updates can be held back for at most {MAX_HOLD_DAYS} days.")
    until_ms = now_ms + round(days * _DAY_MS) if days else 0
    records.write_hold(Hold(until_ms))
    return {"untilMs": until_ms}


def expect_none_written(records: Records) -> None:
    """Refuse while a version is written and not looked at yet. Raises RequestError.

    A restart in between would break it off. It could not start what a server sent in place of what it showed: that
    begins only after the look at it (updates.install.apply).
    """
    status = records.status()
    writing = status is not None and not status.done and status.action in _WRITERS and status.phase in _WRITING
    if writing and _alive(records):
        raise RequestError("update_running", "An update is being installed; the box restarts when it is there.")


def _alive(records: Records) -> bool:
    """Tell whether somebody holds the lock of a run: a status may be left over from one that was killed."""
    try:
        with (records.shown / "lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _read(params: Mapping[str, object], kind: type[_Model]) -> _Model:
    try:
        return msgspec.convert(dict(params), kind)
    except msgspec.ValidationError as error:
        raise RequestError("host_request", f"That cannot be asked for like this: {error}.") from error
