"""A box made of files, for checks to look at."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from appliance.health.look import Look, Space

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000


class FilesOfABox:
    """Writes files below a root and answers for programs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / "var/lib/homarus"
        self.state.mkdir(parents=True)
        self.answers: dict[str, str | None] = {}
        self.room: Space | None = Space(100 << 30, 50 << 30, 1000, 900)

    def put(self, path: str, content: str | bytes, *, at_ms: int | None = None) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        if at_ms is not None:
            os.utime(file, (at_ms / 1000, at_ms / 1000))
        return file

    def put_all(self, files: Mapping[str, str]) -> None:
        for path, content in files.items():
            self.put(path, content)

    def look(self, now_ms: int = NOW_MS, *, alone: bool = False) -> Look:
        return Look(self.root, now_ms, self.state, alone, self._run, lambda path: self.room)

    def _run(self, argv: Sequence[str]) -> str | None:
        return self.answers.get(argv[0])
