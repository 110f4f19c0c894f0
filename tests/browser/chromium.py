"""Headless Chromium, driven through its DevTools protocol on a pipe: no library, and no port that others could open."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

_PROGRAMS = ("chromium", "chromium-headless-shell", "google-chrome")
_LONGEST_MESSAGE = 64 * 1024 * 1024  # a picture of a long page
_ANSWER_S = 30.0
# Names that are not of this machine lead nowhere, so that nothing a page asks for can leave it.
_NOWHERE = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost"
_OPTIONS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",  # 64 MB in a container
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--mute-audio",
)

Hear = Callable[[str, dict[str, Any]], None]


class ProtocolError(Exception):
    """The browser refused a command."""


def program() -> str:
    """Return the browser of this machine."""
    for name in _PROGRAMS:
        if found := shutil.which(name):
            return found
    raise AssertionError("there is no Chromium here: run scripts/browser once")


class Chromium:
    """One browser. `send` asks it; what it tells goes to who listens for a session ("" is the browser itself)."""

    def __init__(self, reader: asyncio.StreamReader, write: int) -> None:
        self._reader = reader
        self._write = write
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._ears: dict[str, Hear] = {}
        self._number = 0

    async def send(self, method: str, params: dict[str, Any] | None = None, session: str = "") -> dict[str, Any]:
        """Give a command and return its result. Raises ProtocolError."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked[self._number] = answer
        os.write(self._write, json.dumps(message).encode() + b"\0")
        async with asyncio.timeout(_ANSWER_S):
            return await answer

    def listen(self, session: str, hear: Hear) -> None:
        self._ears[session] = hear

    async def read(self) -> None:
        """Hand out what the browser says until it is gone."""
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                self._take(json.loads((await self._reader.readuntil(b"\0"))[:-1]))
        for answer in self._asked.values():
            answer.cancel()

    def _take(self, message: dict[str, Any]) -> None:
        if "id" not in message:
            hear = self._ears.get(message.get("sessionId", ""))
            if hear:
                hear(message["method"], message["params"])
            return
        answer = self._asked.pop(message["id"])
        if answer.done():
            return
        if "error" in message:
            answer.set_exception(ProtocolError(message["error"]["message"]))
        else:
            answer.set_result(message["result"])


@asynccontextmanager
async def chromium(folder: Path, *options: str, names: str = "") -> AsyncIterator[Chromium]:
    """Run a browser whose profile and home (with the certificates it trusts) are in `folder`.

    `names` are further rules of its name resolution, such as "MAP box.test 127.0.0.1".
    """
    process, read, write = _start(folder, options, names)
    reader = asyncio.StreamReader(limit=_LONGEST_MESSAGE)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb")
    )
    browser = Chromium(reader, write)
    reading = asyncio.create_task(browser.read())
    try:
        yield browser
    finally:
        with contextlib.suppress(ProtocolError, asyncio.CancelledError, TimeoutError, OSError):
            await browser.send("Browser.close")
        await asyncio.to_thread(_end, process)
        os.close(write)
        await reading
        transport.close()
        await asyncio.sleep(0)


def _start(folder: Path, options: Sequence[str], names: str) -> tuple[subprocess.Popen[bytes], int, int]:
    """Start the browser; return it with our ends of its pipe."""
    folder.mkdir(parents=True, exist_ok=True)
    their_read, write = _high(os.pipe())
    read, their_write = _high(os.pipe())
    rules = f"{names}, {_NOWHERE}" if names else _NOWHERE
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # the sandbox refuses to run as root
    command = [program(), *_OPTIONS, *root, f"--user-data-dir={folder / 'profile'}", f"--host-resolver-rules={rules}"]
    with (folder / "browser.log").open("ab") as log:
        process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{their_read} 4>&{their_write}', "bash", *command, *options, "about:blank"],
            pass_fds=(their_read, their_write),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TZ": "UTC"},
        )
    os.close(their_read)
    os.close(their_write)
    return process, read, write


def _high(pipe: tuple[int, int]) -> tuple[int, int]:
    """Move both ends above the numbers 3 and 4, which the browser reads and writes."""
    moved = fcntl.fcntl(pipe[0], fcntl.F_DUPFD_CLOEXEC, 10), fcntl.fcntl(pipe[1], fcntl.F_DUPFD_CLOEXEC, 10)
    for end in pipe:
        os.close(end)
    return moved


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
