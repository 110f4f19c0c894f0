"""The bundle as a file: a tar.gz that anybody can open, with an index of what is in it."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_FOLDER: Final = "homarus-support"
_HEAD: Final = """What is in this bundle. `homarus support` made it and sent it nowhere:
look through it before you give it on. Secrets, names of people and devices,
and what was said are masked: [redacted], [name], [text].

"""


def write(file: Path, pieces: Mapping[str, str], notes: str, now_ms: int) -> list[tuple[str, int]]:
    """Write the pieces, already masked; return name and size of each. Raises OSError."""
    sizes = [(name, len(text.encode())) for name, text in sorted(pieces.items())]
    index = _HEAD + "".join(f"{size:>10}  {name}\n" for name, size in sizes) + (f"\n{notes}\n" if notes else "")
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as raw, tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for name, text in [("INDEX.txt", index), *sorted(pieces.items())]:
            content = text.encode()
            about = tarfile.TarInfo(f"{_FOLDER}/{name}")
            about.size, about.mode, about.mtime = len(content), 0o644, now_ms // 1000
            archive.addfile(about, io.BytesIO(content))
    return sizes
