"""One child for one connection: `python -P -S -m appliance.supervisor.launcher engine|worker` under systemd.

Standard input is the connection. The child's end is this program's end, and with it the connection's; the end of the
connection is the child's end. What the child says goes to the gateway over descriptors of the gateway's, not through
here.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys

from appliance.supervisor.launcher.frame import FrameError, decode, encode, receive
from appliance.supervisor.launcher.rules import (
    ENGINE,
    PLACES,
    RuleError,
    checked_arguments,
    checked_program,
    checked_variables,
)

_EXIT_USAGE, _EXIT_REFUSED, _EXIT_NOT_FOUND = 64, 126, 127
_REQUEST_S = 10.0
_GRACE_MS = 10_000  # after a request to end; the unit's own limit comes later
_MAX_PENDING = 4096
_CODE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
_FOLDERS = ("HOMARUS_STATE_DIR", "HOMARUS_ENGINE_SOCKETS", "HOMARUS_MODEL_FOLDERS")
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "NOTIFY_SOCKET", "WATCHDOG_USEC")


def main(arguments: list[str]) -> int:
    """Serve the connection and return an exit status: 0 whenever the gateway was told how it went."""
    if len(arguments) != 1 or arguments[0] not in PLACES:
        print(f"usage: launcher {'|'.join(PLACES)}", file=sys.stderr)
        return _EXIT_USAGE
    try:
        connection = socket.socket(fileno=os.dup(0))
        connection.settimeout(_REQUEST_S)
        request, descriptors, rest = receive(connection)
    except (OSError, FrameError) as error:
        print(f"no request: {error}", file=sys.stderr)
        return _EXIT_USAGE
    try:
        program, environ = _checked(arguments[0], request)
    except RuleError as error:
        print(f"refused: {error}", file=sys.stderr)
        with contextlib.suppress(OSError):  # to who asked, as the child's last words
            os.write(descriptors[2], f"the box refused to start it: {error}\n".encode())
            connection.sendall(encode(exit=_EXIT_REFUSED))
        return 0
    return _Child(connection, program, environ, descriptors).serve(rest)


def _checked(place: str, request: dict[str, object]) -> tuple[list[str], dict[str, str]]:
    """Return the command and the variables. Raises RuleError."""
    module = request.get("module")
    python, trusted = sys.executable, [_CODE]
    home = os.environ.get("HOMARUS_ENGINE_DIR") or os.path.join(_CODE, ".venv-engine")
    if checked_program(place, module) == ENGINE:
        python, libraries = _engine(home)
        trusted += [home, libraries]
    named = [os.environ.get(name, "").split(":") for name in _FOLDERS]
    folders = [*trusted, *(folder for folders in named for folder in folders if folder.startswith("/"))]
    words = checked_arguments(place, str(module), request.get("args"), folders)
    environ = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environ |= checked_variables(request.get("env"), trusted) | {"PYTHONPATH": _CODE}
    return [python, "-P", "-m", str(module), *words], environ


def _engine(home: str) -> tuple[str, str]:
    """Return the engine's Python and libraries, from the same file that the gateway reads. Raises RuleError."""
    try:
        with open(os.path.join(home, "engine.json"), encoding="utf-8") as file:
            record = json.load(file)
        return str(record["python"]), str(record["libraries"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RuleError(f"the engine is not set up in {home}: {error}") from error


class _Child:
    """The child, from its start to the report of its end."""

    def __init__(
        self, connection: socket.socket, program: list[str], environ: dict[str, str], descriptors: list[int]
    ) -> None:
        self._connection = connection
        self._descriptors = descriptors
        self._wakeup, ours = socket.socketpair()
        for end in (self._wakeup, ours):
            end.setblocking(False)
        signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
        self._ours = ours
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGABRT):
            signal.signal(number, lambda number, frame: None)  # read from the wake-up socket
        self._pid = _started(program, environ, descriptors)
        self._pidfd = os.pidfd_open(self._pid)

    def serve(self, pending: bytes) -> int:
        """Pass requests on until the child has ended, then report. Returns the exit status of this program."""
        self._tell(encode(pid=self._pid))
        poll = select.poll()
        for one in (self._connection.fileno(), self._wakeup.fileno(), self._pidfd):
            poll.register(one, select.POLLIN)
        wait: int | None = None
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(wait)}
            if self._pidfd in ready:
                return self._ended()
            if not ready:  # it was asked to end and did not
                self._signal(signal.SIGKILL)
                wait = None
            if self._wakeup.fileno() in ready and self._told_by_systemd():
                wait = _GRACE_MS
            if self._connection.fileno() in ready:
                data = self._read()
                if not data:  # the gateway has ended, however it did
                    poll.unregister(self._connection.fileno())
                    self._signal(signal.SIGKILL)
                pending = self._obey(pending + data)

    def _read(self) -> bytes:
        try:
            return self._connection.recv(_MAX_PENDING)
        except OSError:
            return b""

    def _obey(self, pending: bytes) -> bytes:
        """Do what full lines ask for; return the rest."""
        *lines, rest = pending.split(b"\n")
        for line in lines:
            try:
                number = decode(line).get("signal")
            except FrameError:
                continue
            for known in (signal.SIGTERM, signal.SIGKILL):
                if number == known:
                    self._signal(known)
        if len(rest) > _MAX_PENDING:
            self._signal(signal.SIGKILL)
        return rest[:_MAX_PENDING]

    def _told_by_systemd(self) -> bool:
        """Pass a stop on, end a child that did not feed its watchdog; return whether it has a while to end."""
        numbers = self._wakeup.recv(64)
        if signal.SIGABRT in numbers:
            self._say("it did not feed its watchdog\n")
            self._signal(signal.SIGKILL)
            return False
        self._signal(signal.SIGTERM)
        return True

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if number == signal.SIGKILL:
                os.killpg(self._pid, number)  # with what it started; it leads a session
            else:
                os.kill(self._pid, number)

    def _ended(self) -> int:
        _, status = os.waitpid(self._pid, 0)
        self._signal(signal.SIGKILL)  # whatever it left behind
        self._tell(encode(exit=os.waitstatus_to_exitcode(status)))
        return 0

    def _tell(self, line: bytes) -> None:
        with contextlib.suppress(OSError):  # it has gone; reading says so too
            self._connection.sendall(line)

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self._descriptors[2], text.encode())


def _started(program: list[str], environ: dict[str, str], descriptors: list[int]) -> int:
    """Start the child with its three descriptors and nothing else of ours; return its process id. Raises OSError.

    Should this program be killed, systemd ends the rest of the service (KillMode=mixed).
    """
    pid = os.fork()  # one thread here: Python may run on the other side
    if pid:
        return pid
    try:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGABRT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        for target, descriptor in enumerate(descriptors):  # they are above 2, which systemd filled
            os.dup2(descriptor, target)  # the rest is closed by exec
        os.execve(program[0], program, environ)
    except OSError as error:
        os.write(2, f"cannot run {program[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(_EXIT_NOT_FOUND)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
