"""The profiles of one box, one file per model; one of other hardware, of another build or model is not handed out."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path

from appliance.engine.tuning.hardware import Hardware, read_hardware, read_shape
from appliance.engine.tuning.record import Tuning, partial_of, read_tuning


class Shelf:
    """Profiles in `folder`, measured with the libraries in `libraries` (None: there is no engine). Blocks."""

    def __init__(self, folder: Path, libraries: Path | None, *, root: Path = Path("/")) -> None:
        self._folder = folder
        self._libraries = libraries
        self._root = root

    def path(self, model: Path) -> Path:
        """Return where the profile of a model is, or would be."""
        return self._folder / f"{model.stem}.json"

    def stored(self, model: Path) -> Tuning | None:
        """Return what is stored for a model, whatever it holds for."""
        return read_tuning(self.path(model))

    def valid(self, model: Path) -> Tuning | None:
        """Return what was measured for this file, on this box and with this build."""
        tuning = self.stored(model)
        if tuning is None or not tuning.complete or self._libraries is None:
            return None
        try:
            holds = tuning.holds_for(self._hardware(self._libraries), read_shape(model))
        except OSError:
            return None
        return tuning if holds else None

    def forget(self, model: Path) -> None:
        """Delete what is stored for a model; it is no error when that fails."""
        for path in (self.path(model), partial_of(self.path(model))):
            with contextlib.suppress(OSError):
                path.unlink()

    def _hardware(self, libraries: Path) -> Hardware:
        changed = tuple((path.name, path.stat().st_mtime_ns) for path in sorted(libraries.glob("*.so*")))
        return _hardware(libraries, self._root, changed)


@functools.lru_cache(maxsize=4)
def _hardware(libraries: Path, root: Path, _changed: tuple[tuple[str, int], ...]) -> Hardware:
    """Return the facts of the box, once per build: it reads all libraries."""
    return read_hardware(libraries, root=root)
