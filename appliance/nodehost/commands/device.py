"""device.info and device.status: what this machine is, and how it is."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from appliance import __version__
from appliance.nodehost.commands import Machine
from appliance.nodehost.model import Asked, Command

_MAX_BYTES: Final = 64 * 1024


def commands(machine: Machine) -> Sequence[Command]:
    """Return both commands; every Linux has what they need."""

    async def info(asked: Asked) -> dict[str, Any]:
        return about(machine.root)

    async def status(asked: Asked) -> dict[str, Any]:
        return {
            **host_stats(machine.root),
            "uptimeSeconds": _uptime_s(machine.root),
            "temperatureC": _warmest(machine.root),
        }

    return (Command("device.info", "device", info), Command("device.status", "device", status))


def about(root: Path) -> dict[str, Any]:
    """Return what does not change."""
    model = _text(root / "proc/device-tree/model").rstrip("\0") or _text(root / "sys/class/dmi/id/product_name").strip()
    release = platform.freedesktop_os_release() if root == Path("/") and Path("/etc/os-release").exists() else {}
    return {
        "hostname": socket.gethostname(),
        "model": model or platform.machine(),
        "architecture": platform.machine(),
        "os": release.get("PRETTY_NAME", platform.system()),
        "kernel": platform.release(),
        "cpuCount": os.cpu_count() or 1,
        "version": __version__,
    }


def host_stats(root: Path) -> dict[str, Any]:
    """Return the numbers of node.host.stats (protocol.md 9)."""
    memory = dict(_memory(root))
    disk = shutil.disk_usage(root)
    return {
        "cpuCount": os.cpu_count() or 1,
        "loadAverage": [round(one, 2) for one in os.getloadavg()],
        "memoryTotalBytes": memory.get("MemTotal", 0),
        "memoryFreeBytes": memory.get("MemAvailable", 0),
        "diskTotalBytes": disk.total,
        "diskAvailableBytes": disk.free,
    }


def _memory(root: Path) -> list[tuple[str, int]]:
    """Lines of /proc/meminfo (proc(5)), kibibytes as bytes."""
    found = []
    for line in _text(root / "proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        number = rest.split()[:1]
        if number and number[0].isdigit():
            found.append((name, int(number[0]) * 1024))
    return found


def _uptime_s(root: Path) -> int | None:
    words = _text(root / "proc/uptime").split()
    return int(float(words[0])) if words else None


def _warmest(root: Path) -> float | None:
    """The highest of the thermal zones in degrees Celsius (kernel: sysfs-class-thermal, millidegrees)."""
    degrees = [
        int(text) / 1000
        for zone in sorted(root.glob("sys/class/thermal/thermal_zone*/temp"))
        if (text := _text(zone).strip()).lstrip("-").isdigit()
    ]
    return max(degrees, default=None)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
