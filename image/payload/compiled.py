"""Compiles Python modules for the box, once and for good: its root file system is read-only and nothing is compared.

The compiler is the tools tree's Python, which is the box's, whatever Python builds the image.
"""

from __future__ import annotations

from pathlib import Path

from image import tools
from image.errors import ImageError
from image.payload.target import PYTHON


def compile_below(stage: Path) -> None:
    """Compile every module in `stage`, a folder that stands for the root of the box. Raises ImageError."""
    version = tools.run(["python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).strip()
    if version != PYTHON:
        raise ImageError(f"the tools tree has Python {version} and the box {PYTHON}: change image/payload/target.py")
    command = ["python3", "-m", "compileall", "-q", "-f", "-j", "1", "--invalidation-mode", "unchecked-hash"]
    # a fixed seed: the order of constants in sets would change from run to run
    tools.run([*command, "-s", stage, "-p", "/", stage], environment={"PYTHONHASHSEED": "0"})
    for path in stage.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or _runs(path) else 0o644)


def _runs(path: Path) -> bool:
    return path.parent.name == "bin" or ".so" in path.suffixes
