"""What was measured best on this box: threads, attention, cache types and chunk sizes. Written by the tuner."""

from __future__ import annotations

from pathlib import Path

import msgspec

from appliance.foundation.errors import ApplianceError

# types of ggml that its attention on CPUs reads, as far as the bindings name them
CACHE_TYPES = ("f32", "f16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1")
_PLAIN_TYPES = ("f32", "f16")
_MAX_FILE_BYTES = 64 * 1024
_MAX_THREADS = 512
_MAX_BATCH = 4096


class ProfileError(ApplianceError):
    """A profile cannot be used; the message says why and what to do."""

    code = "engine_profile"


class EngineProfile(msgspec.Struct, frozen=True):
    """How the engine runs. Threads 0: all cores but one. Chunks and `batch` in tokens.

    `chunk_alone` tokens of a prompt are read per step while nobody else is answered, `chunk_shared` while somebody
    is: 32 keep steps short, 128 are as fast as more. `adaptive`: fewer threads while others need
    the cores. Without flash attention generation is faster on most CPUs; a quantised `type_v` needs it.
    """

    threads: int = 0
    threads_batch: int = 0
    flash_attention: bool = False
    type_k: str = "f16"
    type_v: str = "f16"
    chunk_alone: int = 128
    chunk_shared: int = 32
    batch: int = 256
    adaptive: bool = True
    name: str = ""


def checked(profile: EngineProfile) -> EngineProfile:
    """Return the profile if llama.cpp can run it. Raises ProfileError."""
    problem = ""
    if not (0 <= profile.threads <= _MAX_THREADS and 0 <= profile.threads_batch <= _MAX_THREADS):
        problem = f"threads must be 0 to {_MAX_THREADS}"
    elif profile.type_k not in CACHE_TYPES or profile.type_v not in CACHE_TYPES:
        problem = f"the cache types are {', '.join(CACHE_TYPES)}"
    elif profile.type_v not in _PLAIN_TYPES and not profile.flash_attention:
        problem = f"type_v {profile.type_v} needs flash_attention"
    elif not 0 < profile.chunk_shared <= profile.chunk_alone <= profile.batch <= _MAX_BATCH:
        problem = f"0 < chunk_shared <= chunk_alone <= batch <= {_MAX_BATCH} must hold"
    if problem:
        raise ProfileError(f"the tuning profile cannot be used: {problem}; run `homarus models tune`")
    return profile


def read_profile(path: Path) -> EngineProfile:
    """Return the profile in a JSON file. Raises ProfileError, also where the file cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES)
        return checked(msgspec.json.decode(data, type=EngineProfile))
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path.name} cannot be read as a tuning profile: {error}") from error
