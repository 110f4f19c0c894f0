"""The partitions that a reset touches, and the programs that do it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from appliance.foundation.errors import ApplianceError
from appliance.host.running.commands import Run, run_command

LABEL: Final = "homarus-reset"
"""At most 16 characters (ext4). homarus-reset.service looks for it in /dev/disk/by-label."""

PLAIN: Final = "data"
_TIMEOUT_S: Final = 900.0  # discarding a slow card of a terabyte

_log = logging.getLogger(__name__)
_RUN: Final[Run] = partial(run_command, timeout_s=_TIMEOUT_S)


class ResetError(ApplianceError):
    """The reset could not go on; the next start tries again where it was already asked for."""

    code = "reset_failed"


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of this box below a root path, and the way to run a program."""

    root: Path = Path("/")
    run: Run = _RUN

    @property
    def data(self) -> Path:
        return self.root / "dev/disk/by-slot/data"

    @property
    def setup(self) -> Path:
        return self.root / "dev/disk/by-slot/setup"

    def mounted(self, device: Path) -> bool:
        """Tell whether a partition is mounted anywhere (proc(5), mountinfo: the field after the dash and the type)."""
        wanted = {str(device), str(device.resolve())}
        try:
            lines = (self.root / "proc/self/mountinfo").read_text().splitlines()
        except OSError:
            return False
        sources = [line.partition(" - ")[2].split(" ")[1:2] for line in lines]
        return any(source[0] in wanted for source in sources if source)

    def label(self) -> str:
        """Return the label of the data partition, read from it now; "" where it has none."""
        return self.try_("blkid", "--probe", "--match-tag", "LABEL", "--output", "value", str(self.data)) or ""

    def must(self, *argv: str) -> str:
        """Run a program. Raises ResetError."""
        done = self.run(argv)
        if done.returncode != 0:
            raise ResetError(f"{argv[0]} failed: {done.stderr.strip()[-300:] or done.returncode}")
        return done.stdout.strip()

    def try_(self, *argv: str) -> str | None:
        """Run a program whose failure is no obstacle; None then."""
        try:
            return self.must(*argv)
        except ResetError as error:
            _log.info("%s", error)
            return None
