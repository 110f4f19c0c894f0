"""The monitor of a QEMU process (QMP, one JSON object a line), spoken over its Unix socket."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any

_TIMEOUT_S = 60.0


class Monitor:
    """One conversation with the monitor; closed by `close` or at the end of a with block."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_TIMEOUT_S)
        try:
            self._socket.connect(str(path))
            self._lines = self._socket.makefile("r", encoding="utf-8")
            json.loads(self._lines.readline())  # the greeting
            self.ask("qmp_capabilities")
        except BaseException:
            self._socket.close()
            raise

    def ask(self, verb: str, **arguments: object) -> Any:
        """Send one command and return its answer; events on the way are passed over."""
        words = {"execute": verb, **({"arguments": arguments} if arguments else {})}
        self._socket.sendall(json.dumps(words).encode() + b"\n")
        while line := self._lines.readline():
            answer = json.loads(line)
            if "error" in answer:
                raise RuntimeError(f"{verb}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise ConnectionError(f"{verb}: the machine is gone")

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def __enter__(self) -> Monitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
