"""Reads and writes the records: each file is replaced as a whole, and one that cannot be read is not there."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from appliance.foundation.atomicfile import write_atomic
from appliance.updates.reading import read_record
from appliance.updates.records.model import ChannelState, Hold, Receipt, Request, Status

_MAX_BYTES: Final = 256 * 1024
MAX_RECEIPTS: Final = 50
_KEPT_MODE: Final = 0o640  # the gateway's group reads; nobody else needs to
_SHOWN_MODE: Final = 0o644


@dataclass(frozen=True, slots=True)
class Records:
    """`kept` lasts (root's part of the data partition), `shown` is gone with the next start."""

    kept: Path
    shown: Path
    state: Path | None = None

    @classmethod
    def on(cls, root: Path = Path("/")) -> Records:
        """Return the records of a box whose file system begins at `root`."""
        return cls(root / "data/system/updates", root / "run/homarus-update", root / "var/lib/homarus")

    @property
    def receipts(self) -> Path:
        return self.kept / "receipts"

    @property
    def status_file(self) -> Path:
        return self.shown / "status.json"

    def channel(self) -> ChannelState:
        return read_record(self.kept / "channel.json", ChannelState, _MAX_BYTES) or ChannelState()

    def hold(self) -> Hold:
        return read_record(self.kept / "hold.json", Hold, _MAX_BYTES) or Hold(0)

    def status(self) -> Status | None:
        return read_record(self.status_file, Status, _MAX_BYTES)

    def all_receipts(self) -> list[Receipt]:
        """Return what was tried, the newest first."""
        found = (read_record(path, Receipt, _MAX_BYTES) for path in sorted(self.receipts.glob("*.json"), reverse=True))
        return [one for one in found if one is not None]

    def write_channel(self, state: ChannelState) -> None:
        """Raises OSError."""
        self._keep(self.kept / "channel.json", state)

    def write_hold(self, hold: Hold) -> None:
        """Raises OSError."""
        self._keep(self.kept / "hold.json", hold)

    def write_status(self, status: Status) -> None:
        """Raises OSError."""
        self._show(self.status_file, status)

    def write_request(self, request: Request) -> None:
        """Raises OSError."""
        self._show(self.shown / "request.json", request)

    def take_request(self) -> Request | None:
        """Return what the service was started for and forget it."""
        path = self.shown / "request.json"
        request = read_record(path, Request, _MAX_BYTES)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        return request

    def write_receipt(self, receipt: Receipt) -> None:
        """Write a receipt, a new one or the next state of it; the oldest go. Raises OSError."""
        # The id may hold a hyphen, and it comes from whoever asked: one that ends like another is another.
        own = f"{receipt.run_id}.json"
        path = next((one for one in self.receipts.glob("*.json") if one.name.partition("-")[2] == own), None)
        if path is None:
            names = sorted(one.name for one in self.receipts.glob("*.json"))
            number = int(names[-1].partition("-")[0]) + 1 if names and names[-1][:6].isdigit() else 1
            path = self.receipts / f"{number:06d}-{receipt.run_id}.json"
        self._keep(path, receipt)
        for old in sorted(self.receipts.glob("*.json"), reverse=True)[MAX_RECEIPTS:]:
            old.unlink()

    def _keep(self, path: Path, record: msgspec.Struct) -> None:
        for folder in (self.kept, path.parent):
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            folder.chmod(0o755)  # the services have a umask of 0077, and the gateway has to read here
        write_atomic(path, msgspec.json.format(msgspec.json.encode(record)) + b"\n", mode=_KEPT_MODE)
        self._for_the_gateway(path)

    def _show(self, path: Path, record: msgspec.Struct) -> None:
        self.shown.mkdir(mode=0o755, exist_ok=True)
        self.shown.chmod(0o755)
        write_atomic(path, msgspec.json.encode(record), mode=_SHOWN_MODE)

    def _for_the_gateway(self, path: Path) -> None:
        if self.state is not None and os.geteuid() == 0:
            with contextlib.suppress(FileNotFoundError):
                os.chown(path, 0, self.state.stat().st_gid)
