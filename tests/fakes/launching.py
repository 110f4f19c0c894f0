"""What systemd does for a socket with Accept=yes: accept, and run the launcher with the connection as standard input.

The launcher is the real one, with one more place on its list whose only module runs Python code that a test gives it.
Run as `python -m tests.fakes.launching` it is that launcher.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from appliance.supervisor.launcher import __main__ as launcher
from appliance.supervisor.launcher import rules

PLACE = "engine"
CHILD = "tests.fakes.coded_child"
_ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-P", "-m", "tests.fakes.launching", PLACE)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of the unit."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(_ROOT), **(more or {})}


class Accepting:
    """A socket that starts `command` for each connection, at most `most` at a time."""

    def __init__(self, path: Path, command: tuple[str, ...] = COMMAND, *, most: int = 8, **more: str) -> None:
        self.started: list[subprocess.Popen[bytes]] = []
        self._command, self._most, self._environ = command, most, environment(more)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        os.chmod(path, 0o600)
        self._listener.listen()
        self._listener.settimeout(0.05)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, name="accepting")
        self._thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            with connection:  # beyond the limit systemd closes it at once
                if sum(one.poll() is None for one in self.started) < self._most:
                    self.started.append(
                        subprocess.Popen(self._command, stdin=connection, env=self._environ, start_new_session=True)
                    )

    def close(self) -> None:
        """Listen no more and end what still runs."""
        self._closing.set()
        self._thread.join()
        self._listener.close()
        for one in self.started:
            one.kill()
            one.wait()


if __name__ == "__main__":
    rules.PLACES[PLACE] = {CHILD: (rules.OWN, {}, 1)}
    sys.exit(launcher.main(sys.argv[1:]))
