"""Programs of the tools tree (QEMU, e2fsprogs, mtools, RAUC), as commands to start and as calls that wait."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

from image import tools


@functools.cache
def tree() -> Path:
    """Return the tools tree, made if need be; its key is read once, since a test has another HOME."""
    return tools.tree()


def command(*words: str | Path) -> list[str]:
    """Return the command that runs a program of the tree; the process it starts becomes the program."""
    return tools.command(words, root=tree())


def run(*words: str | Path, timeout_s: float = 300, good: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
    """Run a program of the tree to its end; raise RuntimeError with what it printed where its status is not good."""
    done = subprocess.run(
        command(*words), capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False
    )
    if done.returncode not in good:
        raise RuntimeError(f"{words[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done
