"""The gateway that systemd runs for the whole machine, stopped and started by root around work on its files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from appliance.foundation.errors import ApplianceError

GATEWAY: Final = "homarus-gateway.service"
SYSTEM_STATE: Final = Path("/var/lib/homarus")
_TIMEOUT_S: Final = 120.0

Run: TypeAlias = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


class ServiceError(ApplianceError):
    """systemd did not do what it was asked for."""

    code = "service"


def run_command(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program, never through a shell."""
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)


@dataclass(frozen=True, slots=True)
class Service:
    """One unit."""

    unit: str
    run: Run = run_command

    @classmethod
    def of_the_system(cls, state: Path) -> Service | None:
        """Return the service that may hold `state`; None where this user could not stop it, or it is another state."""
        return cls(GATEWAY) if os.geteuid() == 0 and state == SYSTEM_STATE else None

    def stop(self) -> bool:
        """Stop it; True where it ran. Raises ServiceError."""
        if self._done("is-active", "--quiet", self.unit) != 0:
            return False
        if self._done("stop", self.unit) != 0:
            raise ServiceError(f"{self.unit} does not stop; `systemctl status {self.unit}` says why")
        return True

    def start(self) -> None:
        """Begin to start it. Raises ServiceError."""
        if self._done("start", "--no-block", self.unit) != 0:
            raise ServiceError(f"{self.unit} does not start; `systemctl status {self.unit}` says why")

    def _done(self, *arguments: str) -> int:
        try:
            return self.run(["systemctl", *arguments]).returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            if arguments[0] == "is-active":
                return 1  # no systemd: then it runs nothing
            raise ServiceError(f"systemd does not answer: {error}") from error
