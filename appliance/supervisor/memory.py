"""Whether the kernel ended somebody for want of memory: it says how often, but not to the parent of whom.

Source: oom_kill of /proc/vmstat (proc_vmstat(5)), which counts the limits of control groups too.
"""

from __future__ import annotations

from pathlib import Path


def oom_kills(root: Path = Path("/")) -> int:
    """Return how many processes the kernel has ended for want of memory since it runs, 0 where it does not say."""
    try:
        lines = (root / "proc/vmstat").read_text().splitlines()
    except (OSError, ValueError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
