"""FAT file systems without mounting: mkfs.fat and mtools, the same bytes for the same content."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from image import tools
from image.errors import ImageError

_MIB = 1024 * 1024
_ROOM = 0.97  # of the size; the rest is tables and rounding to clusters


def make(target: Path, mib: int, label: str, files: Mapping[str, Path], epoch: int) -> None:
    """Make a FAT32 image of `mib` with files: path inside, path outside. Raise ImageError if they do not fit."""
    total = sum(each.stat().st_size for each in files.values())
    if total > mib * _MIB * _ROOM:
        raise ImageError(
            f"{total / _MIB:.0f} MiB do not fit into the {mib} MiB of {label}: change the board's partitions"
        )
    target.unlink(missing_ok=True)
    with target.open("wb") as image:
        image.truncate(mib * _MIB)
    serial = hashlib.sha256(f"{label} {sorted(files)}".encode()).hexdigest()[:8]
    # Sectors of 512 bytes: with others, some firmware sees the partition and no file system.
    words: list[str | Path] = ["mkfs.fat", "-F", "32", "-S", "512", "-n", label, "-i", serial, "--invariant", target]
    times = {"SOURCE_DATE_EPOCH": str(epoch), "TZ": "UTC"}
    tools.run(words, [target.parent], environment=times)
    if not files:
        return
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        tree = Path(scratch) / "tree"
        for name, source in sorted(files.items()):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, tree / name)
        for each in [*tree.rglob("*"), tree]:
            os.utime(each, (epoch, epoch))
        inside = sorted(each for each in tree.iterdir())
        environment = {**times, "MTOOLS_SKIP_CHECK": "1"}
        words = ["mcopy", "-s", "-m", "-Q", "-i", target, *inside, "::"]
        tools.run(words, [target.parent], environment=environment)
