"""The gateway that systemd runs for the whole machine, stopped and started by root around work on its files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.foundation.errors import ApplianceError
from appliance.host.running.commands import Run, last_line, run_command

GATEWAY: Final = "homarus-gateway.service"
SYSTEM_STATE: Final = Path("/var/lib/homarus")


class ServiceError(ApplianceError):
    """systemd did not do what it was asked for."""

    code = "service"


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
        if self.run(["systemctl", "is-active", "--quiet", self.unit]).returncode != 0:
            return False  # also where there is no systemd: then it runs nothing
        self._must("stop", f"{self.unit} does not stop")
        return True

    def start(self) -> None:
        """Begin to start it. Raises ServiceError."""
        self._must("start", f"{self.unit} does not start", "--no-block")

    def _must(self, verb: str, failed: str, *options: str) -> None:
        done = self.run(["systemctl", verb, *options, self.unit])
        if done.returncode != 0:
            raise ServiceError(f"{failed} ({last_line(done)}); `systemctl status {self.unit}` says why")
