"""What was fetched and proved: the box's lock of its model files, and the check of a file against it.

`models.lock.json` in the state folder pins source, revision, SHA-256 and size of every fetched file. A file that was
put there by hand has no entry and is taken as it is.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from appliance.engine.cache.fingerprint import Hashes
from appliance.engine.models.errors import PullError
from appliance.foundation.atomicfile import write_atomic

FILE_NAME = "models.lock.json"
_FORMAT = 1
_MAX_BYTES = 1024 * 1024


class Pin(msgspec.Struct, frozen=True, rename="camel"):
    """One fetched file. `revision` is the hub's commit, empty for a plain address."""

    source: str
    sha256: str
    size: int
    revision: str = ""
    pulled_at_ms: int = 0


class _Locked(msgspec.Struct, frozen=True):
    format: int
    models: dict[str, Pin]


class ModelLock:
    """The pins by file name. Read anew at each question: it is small, and the owner may edit it."""

    def __init__(self, path: Path, hashes: Hashes) -> None:
        self._path = path
        self._hashes = hashes

    def pins(self) -> Mapping[str, Pin]:
        """Return all pins. Raises PullError for a damaged lock: nobody may lose a pin by damage."""
        try:
            with self._path.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            return {}
        try:
            locked = msgspec.json.decode(data, type=_Locked)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _damaged(self._path, str(error)) from error
        if locked.format != _FORMAT:
            raise _damaged(self._path, f"format {locked.format} is not known")
        return locked.models

    def pin(self, name: str, pin: Pin) -> None:
        """Pin the file called `name`. Raises PullError, OSError."""
        self._write({**self.pins(), name: pin})

    def forget(self, name: str) -> None:
        """Take a pin away; nothing happens when there is none. Raises PullError, OSError."""
        kept = {known: pin for known, pin in self.pins().items() if known != name}
        self._write(kept)

    def _write(self, pins: Mapping[str, Pin]) -> None:
        data = msgspec.json.encode(_Locked(_FORMAT, dict(sorted(pins.items()))))
        write_atomic(self._path, msgspec.json.format(data, indent=2) + b"\n")

    def proved(self, path: Path) -> str:
        """Return the SHA-256 of a file that is what was pinned; of one without a pin "" where it is not known yet.

        Reads the whole file, seconds for gigabytes, unless it was read before and did not change since. Raises
        PullError when the file is another one than was fetched, OSError.
        """
        pin = self.pins().get(path.name)
        if pin is None:
            return self._hashes.known(path) or ""
        size = os.stat(path).st_size
        if size != pin.size:
            raise _changed(path.name, f"it has {size} bytes, {pin.size} were fetched")
        if (found := self._hashes.compute(path)) != pin.sha256:
            raise _changed(path.name, f"its SHA-256 is {found}, {pin.sha256} was fetched")
        return pin.sha256

    def sha256(self, path: Path) -> str:
        """Return the SHA-256 of any model file; reads all of it once. Raises OSError."""
        return self._hashes.compute(path) or ""

    def known_sha256(self, path: Path) -> str:
        """Return the SHA-256 without reading the file: what was remembered, "" otherwise."""
        with contextlib.suppress(OSError):
            return self._hashes.known(path) or ""
        return ""


def _changed(name: str, why: str) -> PullError:
    message = f"{name} is not the file that was fetched: {why}. Fetch it again, or remove it (`homarus models remove`)"
    return PullError(message, reason="changed")


def _damaged(path: Path, why: str) -> PullError:
    return PullError(f"{path.name} cannot be read ({why}): mend it or delete it", reason="damaged_lock")
