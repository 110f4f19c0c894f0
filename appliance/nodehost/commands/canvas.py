"""canvas.present, canvas.navigate and canvas.hide: a page on the screen of this machine, where it has one."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from appliance.nodehost import running
from appliance.nodehost.commands import Machine
from appliance.nodehost.model import Asked, Command, CommandError

_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_MAX_URL: Final = 2048
_STOP_S: Final = 5.0


def commands(machine: Machine) -> Sequence[Command]:
    """Return nothing on a machine without a screen or a browser."""
    path = machine.environ.get("PATH")
    browser = next((found for name in _BROWSERS if (found := shutil.which(name, path=path))), None)
    if browser is None or not (machine.environ.get("DISPLAY") or machine.environ.get("WAYLAND_DISPLAY")):
        return ()
    canvas = _Canvas(machine, browser)
    return (
        Command("canvas.present", "canvas", canvas.present),
        Command("canvas.navigate", "canvas", canvas.present),
        Command("canvas.hide", "canvas", canvas.hide),
    )


class _Canvas:
    """One browser window over the whole screen, with a profile that is thrown away."""

    def __init__(self, machine: Machine, browser: str) -> None:
        self._machine = machine
        self._browser = browser
        self._turn = asyncio.Lock()  # of two pages at once one would stay on the screen for ever
        self._process: asyncio.subprocess.Process | None = None
        self._profile: tempfile.TemporaryDirectory[str] | None = None

    async def present(self, asked: Asked) -> dict[str, Any]:
        url = asked.text("url", limit=_MAX_URL)
        if urlsplit(url).scheme not in ("http", "https"):
            raise CommandError("INVALID_REQUEST", "url must begin with http:// or https://")
        async with self._turn:
            await self._close()
            await self._open(url)
        return {"ok": True}

    async def _open(self, url: str) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="homarus-canvas-")
        display = {"WAYLAND_DISPLAY": self._machine.environ.get("WAYLAND_DISPLAY", "")}
        self._process = await asyncio.create_subprocess_exec(
            self._browser,
            "--kiosk",
            "--no-first-run",
            f"--user-data-dir={self._profile.name}",
            f"--app={url}",
            env=running.environment(self._machine.environ, {name: value for name, value in display.items() if value}),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    async def hide(self, asked: Asked) -> dict[str, Any]:
        async with self._turn:
            await self._close()
        return {"ok": True}

    async def _close(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(_STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._profile is not None:
            self._profile.cleanup()
            self._profile = None
