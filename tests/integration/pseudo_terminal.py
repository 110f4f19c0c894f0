"""A program in a pseudo-terminal, with a person at it who waits for words and types."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_CONTROL = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_=>]|[()][A-Z0-9])|\r")
_WAIT_S = 20.0
# prompt_toolkit asks where the cursor is; a terminal answers.
_WHERE, _HERE = b"\x1b[6n", b"\x1b[1;1R"


class PseudoTerminal:
    """Runs a program on 100 columns. What it wrote is kept without control sequences."""

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], folder: Path) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))

        def take_terminal() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self._process = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environ, "TERM": "xterm"},
            cwd=folder,
            preexec_fn=take_terminal,
        )
        os.close(slave)
        self._raw = b""
        self._seen = 0

    @property
    def text(self) -> str:
        """Everything that was written."""
        return _CONTROL.sub("", self._raw.decode("utf-8", "replace"))

    def wait_for(self, words: str) -> str:
        """Wait until `words` are written after what was waited for before; return what came up to their end."""
        deadline = time.monotonic() + _WAIT_S
        while (place := self.text.find(words, self._seen)) < 0:
            if time.monotonic() > deadline or not self._read():
                raise AssertionError(f"{words!r} did not come; after:\n{self.text[self._seen :]}")
        start, self._seen = self._seen, place + len(words)
        return self.text[start : self._seen]

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self._master)
        self._master = -1

    def ended(self) -> int:
        """Wait for the end of the program and return its status."""
        while self._master >= 0 and self._read():
            pass
        return self._process.wait(_WAIT_S)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(_WAIT_S)
        if self._master >= 0:
            os.close(self._master)

    def __enter__(self) -> PseudoTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> bool:
        """Take what is there within a moment; False at the end."""
        ready, _, _ = select.select([self._master], [], [], 0.2)
        if not ready:
            return self._process.poll() is None
        try:
            data = os.read(self._master, 65_536)
        except OSError:  # EIO: the program has closed its side
            return False
        if _WHERE in data:
            os.write(self._master, _HERE)
        self._raw += data
        return bool(data)
