"""Whether the box knows the time: timers, certificates and the order of messages depend on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look

# What never changes after the image was built; its time of change is that of the build (systemd reads the first so).
_BUILT = ("usr/lib/clock-epoch", "usr/lib/homarus/box.json", "usr/lib/os-release")
_SYNCHRONISED = "run/systemd/timesync/synchronized"
_FIX = "Connect the box to a network with internet access, or name a time server of your network in the router."


def check(look: Look) -> Iterator[Condition]:
    """Say when the clock is before the build of the software, or was not set by any time server."""
    if look.now_ms < (built := _built_ms(look)):
        shown = datetime.fromtimestamp(look.now_ms / 1000, UTC).date().isoformat()
        summary = f"The clock says {shown}, which is before this software was built. Timers and certificates are wrong."
        details: dict[str, str | int] = {"form": "past", "date": shown, "builtMs": built}
        yield Condition("clock", "clock", Severity.DEGRADED, summary, _FIX, details)
    elif _synchronised(look) is False:
        summary = "The clock was not set by a time server since the start; it may be wrong."
        yield Condition("clock", "clock", Severity.NOTICE, summary, _FIX, {"form": "alone"})


def _built_ms(look: Look) -> int:
    for name in _BUILT:
        try:
            return int((look.root / name).stat().st_mtime * 1000)
        except OSError:
            continue
    return 0


def _synchronised(look: Look) -> bool | None:
    """Return None where nobody on this machine keeps the clock in a way that can be asked."""
    if look.there(_SYNCHRONISED):
        return True
    answer = look.run(["timedatectl", "show", "--property=NTPSynchronized", "--value"])
    return None if answer is None or not answer.strip() else answer.strip() == "yes"
