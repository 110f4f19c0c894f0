"""Remove from this environment what its lock file no longer names, so that it holds the lock and nothing else."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

_KEPT = frozenset({"pip", "setuptools"})  # venv itself brings them


def main(lock: Path) -> None:
    """Uninstall every distribution that `lock` does not name."""
    locked = {_normal(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text("utf-8"), re.MULTILINE)}
    present = {_normal(str(each.metadata["Name"])) for each in importlib.metadata.distributions()}
    extra = sorted(present - locked - _KEPT)
    if extra:
        print(f"removing what is no longer locked: {', '.join(extra)}")
        command = [sys.executable, "-m", "pip", "uninstall", "--quiet", "--yes", *extra]
        subprocess.run(command, check=True)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
