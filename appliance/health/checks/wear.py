"""How much of the life of a card or a solid-state disk is used up.

Sources: JESD84-B51 (eMMC) EXT_CSD PRE_EOL_INFO and DEVICE_LIFE_TIME_EST, which the kernel shows as `pre_eol_info` and
`life_time` (Documentation/driver-api/mmc); NVMe base specification, log page 2, byte 5 "percentage used", which only
root may ask for: what homarus-disk.service wrote is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from appliance.health.condition import Condition, Severity
from appliance.health.look import Look

_WORN_PERCENT: Final = 80
_SPENT_PERCENT: Final = 100
_URGENT: Final = 3
_DAILY_GB: Final = 20  # a card of 32 GB is written through 200 times a year
_UP_S: Final = 3600.0  # the first hour after an update says nothing about a day
_FIX = "Make a backup with `homarus backup create` and put the box on another card or disk soon."


def check(look: Look) -> Iterator[Condition]:
    """Say which disk is near its end."""
    for device in look.matches("sys/block/mmcblk*/device"):
        name = device.parent.name
        used = max((_percent(word) for word in _read(look, name, "life_time").split()), default=0)
        urgent = _hex(_read(look, name, "pre_eol_info")) >= _URGENT
        yield from _told(name, used, urgent)
    for entry in look.matches("run/homarus-disk/nvme*.json"):
        report = look.json(str(entry.relative_to(look.root)))
        percent = report.get("percentageUsed")
        yield from _told(entry.stem, percent if isinstance(percent, int) else 0, bool(report.get("criticalWarning")))
    yield from _writes(look)


def _told(name: str, used: int, urgent: bool) -> Iterator[Condition]:
    if not urgent and used < _WORN_PERCENT:
        return
    spent = urgent or used >= _SPENT_PERCENT
    summary = f"{name} has used up about {used} % of the life that its maker gives it."
    if urgent:
        summary = f"{name} says of itself that it is at the end of its life."
    severity = Severity.DEGRADED if spent else Severity.NOTICE
    details: dict[str, str | int] = {"form": "end" if urgent else "used", "disk": name, "percent": used}
    yield Condition("disk_wear", name, severity, summary, _FIX, details)


def _writes(look: Look) -> Iterator[Condition]:
    """Say when so much is written that a card does not live long (Documentation/block/stat: sectors of 512 bytes)."""
    words = look.text("proc/uptime").split()
    up_s = float(words[0]) if words else 0.0
    if up_s < _UP_S:
        return
    for path in look.matches("sys/block/mmcblk*/stat"):
        disk, fields = path.parent.name, look.text(str(path.relative_to(look.root))).split()
        if len(fields) < 7 or not fields[6].isdecimal():
            continue
        gigabytes = round(int(fields[6]) * 512 / up_s * 86_400 / 1e9)
        if gigabytes >= _DAILY_GB:
            summary = f"{gigabytes} GB a day are written to {disk}; a card does not live long with that."
            fix = "`homarus logs` may say what writes so much; put the box on a solid-state disk."
            yield Condition("disk_writes", disk, Severity.NOTICE, summary, fix, {"disk": disk, "gigabytes": gigabytes})


def _read(look: Look, name: str, file: str) -> str:
    return look.text(f"sys/block/{name}/device/{file}")


def _percent(word: str) -> int:
    """Return the upper end of a step: 0x01 stands for 0-10 %, 0x0a for 90-100 %, 0x0b for more."""
    return min(_hex(word), 11) * 10


def _hex(word: str) -> int:
    try:
        return int(word, 16)
    except ValueError:
        return 0
