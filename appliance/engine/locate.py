"""Where the engine's Python and libraries are, or why there are none: read from what the set-up script left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.engine import cpu
from appliance.host.box import read_box

_CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class EngineHome:
    """A working engine environment: its Python and the folder with libllama.so."""

    python: Path
    libraries: Path

    def variables(self) -> dict[str, str]:
        """Return the environment variables that an engine process needs on top of the gateway's own."""
        return {
            "LLAMA_CPP_LIB_PATH": str(self.libraries),
            "GGML_NO_BACKTRACE": "1",  # on abort ggml would start a debugger and may hang for seconds
            "PYTHONPATH": str(_CHECKOUT),
        }


@dataclass(frozen=True, slots=True)
class EngineAbsent:
    """There is no engine here; `reason` is one sentence that names the fix."""

    reason: str


def locate(
    environ: Mapping[str, str], *, folder: Path | None = None, cpuinfo: Path = cpu.CPUINFO, root: Path = Path("/")
) -> EngineHome | EngineAbsent:
    """Find the engine in `folder`, else HOMARUS_ENGINE_DIR, else where the image or the checkout has it.

    Never raises: whatever is wrong becomes an EngineAbsent. The processor is checked here as well, because
    libraries may have been copied from another machine. `root`: where the file system of the machine begins.
    """
    if read_box(root) is None:
        usual, fix = _CHECKOUT / ".venv-engine", "run scripts/engine"
    else:  # a box builds nothing: its engine came with the image
        usual, fix = root / "usr/lib/homarus/engine", "`homarus update rollback` starts the version before"
    home = folder or Path(environ.get("HOMARUS_ENGINE_DIR") or usual)
    try:
        record = json.loads((home / "engine.json").read_text("utf-8"))
    except OSError:
        return EngineAbsent(f"the local engine is not set up: {fix}")
    except ValueError:
        return EngineAbsent(f"{home / 'engine.json'} is damaged: {fix}")
    if not isinstance(record, dict) or record.get("state") != "ok":
        reason = record.get("reason") if isinstance(record, dict) else None
        return EngineAbsent(f"{reason or 'the local engine could not be set up'} (to try again, {fix})")
    return _checked(Path(str(record.get("python"))), Path(str(record.get("libraries"))), cpuinfo, fix)


def _checked(python: Path, libraries: Path, cpuinfo: Path, fix: str) -> EngineHome | EngineAbsent:
    for path in (python, libraries / "libllama.so"):
        if not path.exists():
            return EngineAbsent(f"the local engine is incomplete, {path} is missing: {fix}")
    if missing := cpu.missing_features(libraries, cpuinfo=cpuinfo):
        return EngineAbsent(f"this processor cannot run the local engine, it lacks {', '.join(missing)}")
    return EngineHome(python, libraries)
