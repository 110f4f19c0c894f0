"""Times of files: what a build wrote must not say when that was."""

import contextlib
import os
from pathlib import Path


def bound(root: Path, epoch: int, *, younger_than: float | None = None) -> None:
    """Give every file below `root` that is younger than a time (`epoch` itself if none is named) the time `epoch`."""
    limit = epoch if younger_than is None else younger_than
    for folder, names, files in os.walk(root, followlinks=False):
        for name in [*names, *files, "."]:
            path = os.path.join(folder, name)
            with contextlib.suppress(FileNotFoundError):
                if os.lstat(path).st_mtime > limit:
                    os.utime(path, (epoch, epoch), follow_symlinks=False)


def fix(root: Path, part: Path, epoch: int) -> None:
    """Give what was copied from `part` into `root` the time `epoch`: a kept part has the time of when it was made."""
    for path in part.rglob("*"):
        os.utime(root / path.relative_to(part), (epoch, epoch), follow_symlinks=False)
