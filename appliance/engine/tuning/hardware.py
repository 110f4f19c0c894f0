"""What a measurement holds for: the box, the build of llama.cpp and the shape of the model."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from appliance.engine.cache.fingerprint import library_hash
from appliance.engine.threads import allowed_cores
from appliance.host.pressure import MemoryReader

_MEMORY_STEP_MB = 256  # the kernel keeps a little more or less of the same modules for itself
_HEAD_BYTES = 1024 * 1024
_NAMES = ("model name", "Model", "Hardware", "CPU part")  # of /proc/cpuinfo on x86, on boards, on bare ARM
_FLAGS = ("flags", "Features")
_UNKNOWN = "unknown"


class Hardware(msgspec.Struct, frozen=True):
    """Equal on two boxes where a profile of one may be used on the other. `kernel` is the major version."""

    cpu: str
    flags: str
    cores: int
    memory_mb: int
    kernel: str
    build: str


class ModelShape(msgspec.Struct, frozen=True):
    """A model file as far as speed depends on it: its length and its first mebibyte, where the shape is described."""

    file: str
    size_bytes: int
    head: str


def read_hardware(libraries: Path | None, *, root: Path = Path("/"), cores: int = 0) -> Hardware:
    """Return the facts of this box; what cannot be read is "unknown". `libraries` holds libllama. Raises OSError.

    `cores` 0: those that this process may use.
    """
    info = _text(root / "proc/cpuinfo")
    flags = " ".join(sorted(set(_field(info, _FLAGS).split())))
    return Hardware(
        cpu=_field(info, _NAMES) or _UNKNOWN,
        flags=hashlib.blake2b(flags.encode(), digest_size=8).hexdigest() if flags else _UNKNOWN,
        cores=cores or len(allowed_cores()),
        memory_mb=round(MemoryReader(root).read().total / 1e6 / _MEMORY_STEP_MB) * _MEMORY_STEP_MB,
        kernel=_text(root / "proc/sys/kernel/osrelease").partition(".")[0].strip() or _UNKNOWN,
        build=library_hash(libraries) if libraries is not None else _UNKNOWN,
    )


def read_shape(path: Path) -> ModelShape:
    """Return what identifies a model file for the tuner. Raises OSError."""
    with path.open("rb") as file:
        head = hashlib.blake2b(file.read(_HEAD_BYTES), digest_size=16).hexdigest()
    return ModelShape(path.name, path.stat().st_size, head)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _field(text: str, names: tuple[str, ...]) -> str:
    """Return the value of the first of `names` that stands there, of the first core that has it."""
    rows = [line.partition(":") for line in text.splitlines()]
    for wanted in names:
        for name, _, value in rows:
            if name.strip() == wanted:
                return value.strip()
    return ""
