"""The terminal of a chat: a line to type in at the bottom, above it what is said.

A line that still grows is a part of the prompt: what is printed above a prompt must end with a line break, else the
next redraw overwrites it.
"""

from __future__ import annotations

import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.patch_stdout import patch_stdout

_MARK = "› "


class _Keys(Vt100Input):
    """Keys that are typed while a line is printed above the prompt, and are read after it.

    In the line mode of the terminal, which the library chooses meanwhile, Ctrl-D would be lost and Ctrl-C would end the
    program; our lines need no such mode.
    """

    def cooked_mode(self) -> AbstractContextManager[None]:
        return nullcontext()


class Terminal:
    """Reads lines and shows text (window.Screen). Raises KeyboardInterrupt and EOFError as a prompt does."""

    def __init__(self, history: Path) -> None:
        self._growing = ""
        self._session: PromptSession[str] = PromptSession(
            self._prompt, history=_history(history), erase_when_done=True, input=_Keys(sys.stdin)
        )

    @property
    def columns(self) -> int:
        return int(self._session.output.get_size().columns)

    async def read(self) -> str:
        """Wait for a line."""
        # The prompt is erased with the growing line in it, which goes on below what was typed.
        text = await self._session.prompt_async()
        if text.strip():
            self.line(f"{_MARK}{text.strip()}")
        return text

    def line(self, text: str) -> None:
        click.echo(text)

    def growing(self, text: str) -> None:
        if text != self._growing:
            self._growing = text
            self._session.app.invalidate()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep what is printed meanwhile above the prompt, and what is typed between two prompts for the next."""
        with _key_by_key(sys.stdin.fileno()), patch_stdout(raw=True):
            yield

    def _prompt(self) -> str:
        return f"{self._growing}\n{_MARK}" if self._growing else _MARK


@contextmanager
def _key_by_key(fd: int) -> Iterator[None]:
    """Have keys wait as they are where nobody reads them yet; Ctrl-C still ends what hangs."""
    before = termios.tcgetattr(fd)
    now = termios.tcgetattr(fd)
    now[tty.LFLAG] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(fd, termios.TCSANOW, now)
    try:
        yield
    finally:
        with suppress(termios.error):  # the window was closed: nobody types there any more
            termios.tcsetattr(fd, termios.TCSANOW, before)


def _history(path: Path) -> History:
    """Return what was typed earlier, private to the owner; a disk that cannot keep it is no reason not to chat."""
    try:
        path.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))
