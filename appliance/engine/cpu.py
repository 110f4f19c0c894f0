"""Whether this processor can run the engine's machine code: asked before a first decode could kill the process."""

from __future__ import annotations

import json
import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")

# What llama.cpp uses when it is built without instructions of the building machine (GGML_NATIVE=OFF).
_FLOOR: dict[str, tuple[str, ...]] = {
    "x86_64": ("avx2", "bmi2", "f16c", "fma"),
    "amd64": ("avx2", "bmi2", "f16c", "fma"),
    "aarch64": ("asimd",),
    "arm64": ("asimd",),
    "armv7l": ("neon",),
}


def missing_features(
    libraries: Path | None = None, *, cpuinfo: Path = CPUINFO, machine: str | None = None
) -> tuple[str, ...]:
    """Name the instruction sets that the libraries use and this processor lacks; empty when it can run them.

    `libraries` holds `requires.json`, written by the build; without it the floor of the architecture counts.
    A processor that cannot be read (no /proc) is taken to be able: the self-test then tells.
    """
    needed = _needed(libraries, machine or platform.machine())
    present = _present(cpuinfo)
    if present is None:
        return ()
    return tuple(name for name in needed if name not in present)


def _needed(libraries: Path | None, machine: str) -> tuple[str, ...]:
    if libraries is not None:
        try:
            return tuple(str(name) for name in json.loads((libraries / "requires.json").read_text("utf-8"))["cpu"])
        except FileNotFoundError:
            pass  # libraries that someone else built: their floor is the best guess
    return _FLOOR.get(machine, ())


def _present(cpuinfo: Path) -> frozenset[str] | None:
    """Return the flags that every core has (a board may mix cores), or None when the file tells nothing."""
    try:
        text = cpuinfo.read_text("utf-8", errors="replace")
    except OSError:
        return None
    cores = [
        frozenset(line.partition(":")[2].split())
        for line in text.splitlines()
        if line.partition(":")[0].strip() in ("flags", "Features")
    ]
    return frozenset.intersection(*cores) if cores else None
