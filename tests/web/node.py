"""Node and the libraries of the web app, as scripts/test set them up."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
WEB = CHECKOUT / "web"
PATH = f"{CHECKOUT / '.venv-test' / 'bin'}{os.pathsep}{os.environ['PATH']}"


def node(*arguments: str | Path, timeout_s: float = 100.0) -> subprocess.CompletedProcess[str]:
    """Run node in web/ and return what it said."""
    assert (WEB / "node_modules" / "esbuild").is_dir(), "no libraries of the web app: run scripts/test"
    return subprocess.run(
        ["node", *map(str, arguments)],
        cwd=WEB,
        env=os.environ | {"PATH": PATH, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
