"""Commands in the machine under test: the other end of agent.py, and the credentials that bring it there."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.image.waiting import until

PORT = "homarus.test"
_UNIT = """[Unit]
Description=Commands of the test
DefaultDependencies=no
Conflicts=shutdown.target
Before=shutdown.target

[Service]
ExecStart=/usr/bin/python3 -I %d/agent
LoadCredential=agent:proof.agent
Restart=always
OOMScoreAdjust=-900
"""
# Not homarus-*: such a name would get the hardening of the product.
_WANTED = "[Unit]\nWants=proof.service\n"
_LOSS_S = 2.0  # a request that nobody read yet is asked again: the machine was still starting


@dataclass(frozen=True, slots=True)
class Done:
    """What a command in the machine printed, and how it ended (124: it ran too long, 127: there is none)."""

    status: int
    out: str
    err: str


class CommandError(Exception):
    """A command in the machine did not end well."""


def credentials() -> Mapping[str, str]:
    """Return what systemd of the machine must be told so that it runs our commands (systemd.system-credentials(7))."""
    return {
        "proof.agent": Path(__file__).with_name("agent.py").read_text("utf-8"),
        "systemd.extra-unit.proof.service": _UNIT,
        "systemd.unit-dropin.sysinit.target": _WANTED,
    }


class Guest:
    """Runs commands as root in the machine behind the socket at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._waiting = b""
        self._numbers = count(1)

    def wait(self, timeout_s: float) -> None:
        """Return when the machine runs commands."""
        until(self.there, timeout_s=timeout_s, what="commands in the machine")

    def run(self, *argv: str, text: str = "", timeout_s: float = 120) -> Done:
        """Run one command to its end. Raises TimeoutError where the machine does not answer at all."""
        answer = self._ask({"argv": list(argv), "input": text, "timeout": timeout_s}, timeout_s + 60)
        return Done(int(str(answer["status"])), str(answer["out"]), str(answer["err"]))

    def good(self, *argv: str, text: str = "", timeout_s: float = 120) -> str:
        """Run one command that must end well and return what it printed."""
        done = self.run(*argv, text=text, timeout_s=timeout_s)
        if done.status != 0:
            raise CommandError(f"{' '.join(argv)} ended with {done.status}: {done.out}{done.err}")
        return done.out

    def shell(self, script: str, timeout_s: float = 120) -> str:
        """Run a shell script that must end well and return what it printed."""
        return self.good("sh", "-ec", script, timeout_s=timeout_s)

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None

    def there(self) -> bool:
        """Tell whether it answers now; a question that a restart swallowed is not waited for."""
        try:
            return self._ask({"argv": ["true"]}, _LOSS_S)["status"] == 0
        except (TimeoutError, OSError):
            self.close()
            return False

    def _ask(self, request: dict[str, object], timeout_s: float) -> dict[str, object]:
        number = next(self._numbers)
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(str(self._path))
            self._waiting = b""
        self._socket.settimeout(timeout_s)
        self._socket.sendall(json.dumps({**request, "id": number}).encode() + b"\n")
        while True:
            while b"\n" not in self._waiting:
                chunk = self._socket.recv(65536)
                if not chunk:
                    self.close()
                    raise ConnectionError("the machine is gone")
                self._waiting += chunk
            line, _, self._waiting = self._waiting.partition(b"\n")
            answer: dict[str, object] = json.loads(line)
            if answer["id"] == number:  # not one to a question that was given up
                return answer
