"""What a service tells systemd (sd_notify(3)); silent where no systemd listens."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Final

ENDED: Final = "Ended: "
"""What the last words of a service begin with: others may be of a time when all was well."""


class Notifier:
    """Sends state lines to NOTIFY_SOCKET."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        # systemd gives the timeout in microseconds; half of it is the usual pace (sd_watchdog_enabled(3)).
        self.watchdog_s = int(environ.get("WATCHDOG_USEC") or 0) / 2_000_000

    def ready(self, status: str) -> None:
        """Tell that the service accepts work."""
        self._send(f"READY=1\nSTATUS={status}")

    def stopping(self) -> None:
        """Tell that the service ends on purpose."""
        self._send("STOPPING=1")

    def failed(self, why: str) -> None:
        """Tell why the service ends; it stands beside the unit (StatusText=) until it starts again."""
        self._send(f"STATUS={ENDED}{' '.join(why.split())}")

    def reloading(self, monotonic_s: float) -> None:
        """Tell that the service begins anew in the same process and will be ready again."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={round(monotonic_s * 1_000_000)}")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        # A leading @ stands for the abstract namespace, whose names begin with a zero byte.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
            notify.connect(address)
            notify.sendall(state.encode())
