"""The tool `box_health`: what the kernel says of the box, and what the gateway knows to be wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.health import Condition, Severity
from appliance.tools.arguments import NoArguments
from appliance.tools.base import Tool, ToolContext, ToolOutput, function_tool, pure
from appliance.tools.speech import Speech

_MAX_NAMED = 5
_HOT_CELSIUS = 80.0
_FULL = 0.9


@dataclass(frozen=True, slots=True)
class BoxFacts:
    """What was measured; None: this machine does not tell. Bytes, seconds, degrees Celsius."""

    load: float | None = None
    cores: int = 1
    memory_total: int | None = None
    memory_available: int | None = None
    disk_total: int | None = None
    disk_free: int | None = None
    celsius: float | None = None
    uptime_s: float | None = None


def measure(root: Path, state: Path) -> BoxFacts:
    """Read /proc and /sys below `root`, and the disk that holds `state`. What cannot be read is None."""
    memory = _memory(root / "proc/meminfo")
    disk = _disk(state)
    return BoxFacts(
        load=_first_number(root / "proc/loadavg"),
        cores=os.cpu_count() or 1,
        memory_total=memory.get("MemTotal"),
        memory_available=memory.get("MemAvailable"),
        disk_total=disk[0],
        disk_free=disk[1],
        celsius=_celsius(root / "sys/class/thermal"),
        uptime_s=_first_number(root / "proc/uptime"),
    )


def sentence(facts: BoxFacts, conditions: Sequence[Condition], words: Speech) -> str:
    """Say how the box is: first what is wrong, then the numbers."""
    wrong = [one for one in conditions if one.severity is not Severity.NOTICE]
    worries = [*(one.summary.rstrip(".") for one in wrong[:_MAX_NAMED]), *_worries(facts, words)]
    head = words.say("box.wrong", worries=words.semicolon.join(worries)) if worries else words.say("box.fine")
    told = words.joined(_numbers(facts, words))
    return f"{head} {told[0].upper()}{told[1:]}." if told else head


def box_tool(state: Path, conditions: Callable[[], Sequence[Condition]], root: Path = Path("/")) -> Tool:
    """Return the tool. `state` is the state directory, `conditions` what health knows."""

    def box_health(_: NoArguments, context: ToolContext) -> ToolOutput:
        facts, wrong = measure(root, state), conditions()
        return ToolOutput(sentence(facts, wrong, context.speech), _data(facts, wrong))

    return function_tool(
        "box_health", "Tell how this box is: load, memory, disk, temperature, faults.", NoArguments, pure(box_health)
    )


def _numbers(facts: BoxFacts, words: Speech) -> list[str]:
    def gigabytes(size: int) -> str:
        return words.number(_gigabytes(size))

    found = list[str]()
    if facts.uptime_s is not None:
        found.append(words.say("box.up", time=words.duration(facts.uptime_s)))
    if facts.load is not None:
        load = words.number(f"{facts.load:.1f}")
        found.append(words.say("box.load", load=load, cores=words.count(facts.cores, "core")))
    if facts.memory_total and facts.memory_available is not None:
        used = facts.memory_total - facts.memory_available
        found.append(words.say("box.memory", used=gigabytes(used), total=gigabytes(facts.memory_total)))
    if facts.disk_total and facts.disk_free is not None:
        found.append(words.say("box.disk", free=gigabytes(facts.disk_free), total=gigabytes(facts.disk_total)))
    if facts.celsius is not None:
        found.append(f"{facts.celsius:.0f} °C")
    return found


def _worries(facts: BoxFacts, words: Speech) -> list[str]:
    found = list[str]()
    if facts.celsius is not None and facts.celsius >= _HOT_CELSIUS:
        found.append(words.say("box.hot", celsius=f"{facts.celsius:.0f}"))
    if facts.disk_total and facts.disk_free is not None and facts.disk_free < facts.disk_total * (1 - _FULL):
        found.append(words.say("box.full"))
    memory, available = facts.memory_total, facts.memory_available
    if memory and available is not None and available < memory * (1 - _FULL):
        found.append(words.say("box.tight"))
    return found


def _data(facts: BoxFacts, conditions: Sequence[Condition]) -> dict[str, Any]:
    measured = {
        "load1": facts.load,
        "cores": facts.cores,
        "memoryTotalBytes": facts.memory_total,
        "memoryAvailableBytes": facts.memory_available,
        "diskTotalBytes": facts.disk_total,
        "diskFreeBytes": facts.disk_free,
        "temperatureCelsius": facts.celsius,
        "uptimeSeconds": facts.uptime_s,
    }
    wrong = [{"code": one.code, "severity": str(one.severity), "summary": one.summary} for one in conditions]
    return {key: value for key, value in measured.items() if value is not None} | {"conditions": wrong}


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f}" if size < 1e11 else f"{size / 1e9:.0f}"


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""


def _first_number(path: Path) -> float | None:
    words = _text(path).split()
    try:
        return float(words[0]) if words else None
    except ValueError:
        return None


def _memory(path: Path) -> dict[str, int]:
    """Read /proc/meminfo: `MemTotal:  8000 kB`, where kB are 1024 bytes (proc(5))."""
    found = {}
    for line in _text(path).splitlines():
        name, _, rest = line.partition(":")
        number = rest.split()[:1]
        if number and number[0].isdigit():
            found[name] = int(number[0]) * 1024
    return found


def _disk(state: Path) -> tuple[int | None, int | None]:
    try:
        facts = os.statvfs(state)
    except OSError:
        return None, None
    return facts.f_blocks * facts.f_frsize, facts.f_bavail * facts.f_frsize


def _celsius(folder: Path) -> float | None:
    """Return the hottest thermal zone. Sensors that are off say 0 or nonsense below the freezing point."""
    try:
        zones = sorted(folder.glob("thermal_zone*/temp"))
    except OSError:
        return None
    values = [value / 1000 for zone in zones if (value := _first_number(zone)) is not None]
    return max((value for value in values if 0 < value < 150), default=None)
