"""Under-voltage and throttling, as the firmware of a Raspberry Pi tells them.

Source: raspberrypi.com/documentation, `vcgencmd get_throttled`; the kernel shows the same word in sysfs. Bits 0 to 3
are of now, 16 to 19 of the time since the start: under-voltage, capped frequency, throttled, soft limit of temperature.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look

_UNDER_VOLTAGE: Final = 1 << 0
_SLOWED: Final = (1 << 1) | (1 << 2) | (1 << 3)
_SINCE_START: Final = 16
_PLUG = "Use the power supply of the maker (5 V, 5 A for a Pi 5) and a short cable; unplug USB disks without their own."
_AIR = "Give the box air, or a heat sink with a fan."


def check(look: Look) -> Iterator[Condition]:
    """Say whether the power supply or the heat holds the box back, now or since it was started."""
    word = throttled(look)
    if word is None:
        return
    before = word >> _SINCE_START
    if word & _UNDER_VOLTAGE:
        summary = "The power supply is too weak at this moment: the voltage is too low. The box may stop at any time."
        yield Condition("under_voltage", "power", Severity.DEGRADED, summary, _PLUG, {"form": "now"})
    elif before & _UNDER_VOLTAGE:
        summary = "The power supply was too weak since the last start: the voltage fell."
        yield Condition("under_voltage", "power", Severity.NOTICE, summary, _PLUG, {"form": "before"})
    if word & _SLOWED:
        summary = "The processor is slowed down at this moment, by heat or by a weak power supply."
        yield Condition("throttled", "processor", Severity.DEGRADED, summary, f"{_AIR} {_PLUG}", {"form": "now"})
    elif before & _SLOWED:
        summary = "The processor was slowed down since the last start, by heat or by a weak power supply."
        yield Condition("throttled", "processor", Severity.NOTICE, summary, f"{_AIR} {_PLUG}", {"form": "before"})


def throttled(look: Look) -> int | None:
    """Return the word of the firmware; None on other machines."""
    for path in look.matches("sys/devices/platform/soc*/soc*:firmware/get_throttled"):
        return _hex(look.text(str(path.relative_to(look.root))))
    if not look.there("dev/vcio"):
        return None
    answer = look.run(["vcgencmd", "get_throttled"])
    return None if answer is None else _hex(answer.strip().removeprefix("throttled="))


def _hex(text: str) -> int | None:
    try:
        return int(text, 16)
    except ValueError:
        return None
