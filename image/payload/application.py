"""The application itself: the package, its units and the facts of the boards, as they stand in this checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from image.cache import cached, hash_files, key_of
from image.errors import ImageError
from image.payload import compiled
from image.payload.environment import HOME
from image.tools import REPOSITORY

_PARTS = ("appliance", "systemd", "firmware-config")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".stamp", "*.partial", "webui.*")
_COMMAND = f"""#!/{HOME}/venv/bin/python3 -P
import sys

from appliance.__main__ import main

sys.exit(main())
"""


def application() -> Path:
    """Return a folder that holds `usr/lib/homarus/app` and `usr/bin/homarus`, compiled. Raises ImageError."""
    build_web()
    parts = [REPOSITORY / name for name in _PARTS if (REPOSITORY / name).is_dir()]
    key = key_of(hash_files([*parts, Path(__file__), Path(compiled.__file__)], REPOSITORY))
    return cached("application", key, lambda stage: _make(parts, stage))


def build_web() -> None:
    """Build the web app into appliance/webui unless it is there, as scripts/web does. Raises ImageError."""
    lines = (". scripts/lib/common.sh", ". scripts/lib/setup.sh", 'build_web "$1"')
    command = ["bash", "-euo", "pipefail", "-c", "; ".join(lines), "scripts/web", sys.executable]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise ImageError(f"the web app was not built, and a box without it is not shipped:\n{words}")


def _make(parts: list[Path], stage: Path) -> None:
    home = stage / HOME / "app"
    for part in parts:
        shutil.copytree(part, home / part.name, ignore=_LEFT_OUT)
    command = stage / "usr" / "bin" / "homarus"
    command.parent.mkdir(parents=True)
    command.write_text(_COMMAND, "utf-8")
    compiled.compile_below(stage)
