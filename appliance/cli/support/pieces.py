"""The files of a bundle, each one question about the box. What cannot be read is said in its place."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from appliance import __version__
from appliance.cli.system import as_owner
from appliance.config.reading.secrets import read_regular
from appliance.config.redact import redacted
from appliance.foundation.paths import StatePaths
from appliance.health.look import Look
from appliance.host.pressure import MemoryReader

_LOG_LINES: Final = 4000
_MAX_LOG: Final = 16 << 20
_MAX_SETTINGS: Final = 4 << 20
_REPORTS: Final = 10
_JOURNAL: Final = ("journalctl", "--boot", "--no-hostname", "--output=short-iso", "--no-pager", "--quiet")
_COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "units.txt": ("systemctl", "list-units", "homarus*", "box-*", "rauc*", "--all", "--plain", "--no-pager", "--full"),
    "failed-units.txt": ("systemctl", "list-units", "--state=failed", "--plain", "--no-pager", "--full"),
    "timers.txt": ("systemctl", "list-timers", "--all", "--plain", "--no-pager"),
    "slots.json": ("rauc", "status", "--detailed", "--output-format=json"),
    "journal.txt": (*_JOURNAL, "--lines=4000", "--unit=homarus*", "--unit=box-*", "--unit=rauc"),
    "kernel.txt": (*_JOURNAL, "--lines=500", "--dmesg", "--priority=warning"),
    "disks.txt": ("lsblk", "--output=NAME,SIZE,TYPE,FSTYPE,RO,MODEL,MOUNTPOINTS"),
    "space.txt": ("df", "--human-readable", "--output=source,fstype,size,used,avail,pcent,ipcent,target"),
    "boot.txt": ("systemd-analyze", "blame", "--no-pager"),
}
_FILES: Final[Mapping[str, str]] = {
    "box.json": "usr/lib/homarus/box.json",
    "system.txt": "usr/lib/os-release",
    "command-line.txt": "proc/cmdline",
    "memory.txt": "proc/meminfo",
    "pressure.txt": "proc/pressure/memory",
    "processor.txt": "proc/cpuinfo",
    "trial.json": "data/system/updates/trial.json",
    "committed.json": "data/system/updates/committed.json",
    "update-status.json": "run/homarus-update/status.json",
}
_WHY: Final = "(not there, or this user may not read it: with sudo there is more)\n"


def pieces(look: Look, paths: StatePaths, report: Mapping[str, Any], *, log: bool) -> dict[str, str]:
    """Return name and text of each file, not masked yet. `report`: of the doctor; `log`: also what may quote people."""
    with as_owner(paths.root):  # a link in there may name a file that is only root's, and this is given away
        own = {"settings.json5": _settings(paths.config), "sizes.txt": _sizes(paths.root)}
        if log:
            own["gateway.log"] = _tail(paths.logs / "gateway.log")
    made = {
        "about.json": _json(_about(look)),
        "doctor.json": _json(report),
        **own,
        "first-boot.json": _first_boot(look),
        **{name: look.text(path) or _WHY for name, path in _FILES.items()},
        **{name: look.run(argv) or _WHY for name, argv in _COMMANDS.items() if log or name != "journal.txt"},
    }
    for path in look.matches("data/system/updates/reports/*")[-_REPORTS:]:
        if path.is_file():
            made[f"update-reports/{path.name}"] = look.text(str(path.relative_to(look.root))) or _WHY
    return made


def _about(look: Look) -> dict[str, Any]:
    memory = MemoryReader(look.root).read()
    uptime = look.text("proc/uptime").split()
    return {
        "version": __version__,
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "model": look.text("proc/device-tree/model") or look.text("sys/class/dmi/id/product_name"),
        "uptimeSeconds": round(float(uptime[0])) if uptime else None,
        "memoryBytes": memory.total,
        "availableBytes": memory.available,
        "atMs": look.now_ms,
    }


def _first_boot(look: Look) -> str:
    """Return what was taken from the card, without the values that stood there: names of networks are among them."""
    told = look.json("data/system/first-boot.json")
    if not told:
        return _WHY
    mistakes = [{name: one.get(name) for name in ("file", "key", "fix")} for one in told.get("mistakes") or ()]
    return _json({"applied": told.get("applied"), "mistakes": mistakes, "atMs": told.get("atMs")})


def _settings(path: Path) -> str:
    try:
        return redacted(read_regular(path, _MAX_SETTINGS).decode("utf-8"))
    except (OSError, UnicodeDecodeError):
        return _WHY


def _sizes(state: Path) -> str:
    """Return how much each folder of the state holds. Names further inside are content, so they are only counted."""
    lines = []
    try:
        entries = sorted(state.iterdir())
    except OSError:
        return _WHY
    for entry in entries:
        if entry.is_symlink():  # it may lead to the whole disk
            continue
        inside = [entry] if entry.is_file() else [path for path in entry.rglob("*") if path.is_file()]
        total = sum(path.stat().st_size for path in inside if not path.is_symlink())
        lines.append(f"{total:>14} bytes  {len(inside):>7} files  {entry.name}")
    return "\n".join(lines) + "\n"


def _tail(path: Path) -> str:
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - _MAX_LOG))
            lines = file.read(_MAX_LOG).decode("utf-8", "replace").splitlines(keepends=True)
        return "".join(lines[-_LOG_LINES:])
    except OSError:
        return _WHY


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
