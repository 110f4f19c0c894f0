"""Heat. Processors slow down long before they are harmed, and an answer then takes twice as long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look

_HOT_C: Final = 80  # the Pi slows down from 80 °C, most small PCs a little later
_VERY_HOT_C: Final = 95
_MOST_C: Final = 150  # a sensor that is not connected says anything
_FIX = "Give the box air: a case with openings, a heat sink or a fan, and no other warm device below it."


def check(look: Look) -> Iterator[Condition]:
    """Say when the hottest sensor is over the limit."""
    hottest = celsius(look)
    if hottest is None or hottest < _HOT_C:
        return
    severity = Severity.DEGRADED if hottest >= _VERY_HOT_C else Severity.NOTICE
    summary = f"The processor is {hottest} °C hot and works slower than it could."
    yield Condition("temperature", "processor", severity, summary, _FIX, {"celsius": hottest})


def celsius(look: Look) -> int | None:
    """Return what the hottest sensor says in whole degrees; None where there is none (thermal sysfs: millidegrees)."""
    zones = look.matches("sys/class/thermal/thermal_zone*")
    told = [look.number(f"sys/class/thermal/{zone.name}/temp") for zone in zones]
    known = [value // 1000 for value in told if value is not None and 0 < value // 1000 < _MOST_C]
    return max(known, default=None)
