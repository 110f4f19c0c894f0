"""camera.list and camera.snap, where this machine has a camera and a program that takes pictures."""

from __future__ import annotations

import base64
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from appliance.nodehost import running
from appliance.nodehost.commands import Machine
from appliance.nodehost.model import Asked, Command, CommandError

_MAX_BYTES: Final = 8 * 1024 * 1024
_TIMEOUT_S: Final = 20.0
_MAX_WIDTH: Final = 4096
_DEFAULT_WIDTH: Final = 1280


def commands(machine: Machine) -> Sequence[Command]:
    """Return nothing where no picture could be taken."""
    tool = _tool(machine)
    if tool is None:
        return ()
    camera = _Camera(machine, tool)
    return (Command("camera.list", "camera", camera.list), Command("camera.snap", "camera", camera.snap))


def _tool(machine: Machine) -> str | None:
    """rpicam-still for the camera port of a Pi, fswebcam for USB."""
    path = machine.environ.get("PATH")
    pi = shutil.which("rpicam-still", path=path) or shutil.which("libcamera-still", path=path)
    if pi is not None and any(machine.root.glob("dev/media*")):
        return pi
    return shutil.which("fswebcam", path=path) if _devices(machine) else None


def _devices(machine: Machine) -> list[str]:
    return [f"/dev/{path.name}" for path in sorted(machine.root.glob("dev/video*"))]


class _Camera:
    def __init__(self, machine: Machine, tool: str) -> None:
        self._machine = machine
        self._tool = tool

    async def list(self, asked: Asked) -> dict[str, Any]:
        names = _devices(self._machine) if self._tool.endswith("fswebcam") else ["/dev/media0"]
        return {"devices": [{"id": name, "name": Path(name).name, "position": "unspecified"} for name in names]}

    async def snap(self, asked: Asked) -> dict[str, Any]:
        width = asked.params.get("maxWidth", _DEFAULT_WIDTH)
        if not isinstance(width, int) or not 1 <= width <= _MAX_WIDTH:
            raise CommandError("INVALID_REQUEST", f"maxWidth must be a number from 1 to {_MAX_WIDTH}")
        with tempfile.TemporaryDirectory(prefix="homarus-camera-") as folder:
            picture = Path(folder) / "picture.jpg"
            taken = await running.run(
                self._command(picture, width, asked),
                cwd=folder,
                env=running.environment(self._machine.environ, {}),
                timeout_s=min(_TIMEOUT_S, asked.timeout_s),
            )
            if taken.exit_code != 0 or not picture.is_file():
                raise CommandError("CAMERA_FAILED", f"the camera gave no picture: {taken.stderr.strip()[-200:]}")
            if picture.stat().st_size > _MAX_BYTES:
                raise CommandError("TOO_LARGE", "the picture is larger than 8 MiB; ask for a smaller maxWidth")
            data = picture.read_bytes()
        return {"format": "jpg", "base64": base64.b64encode(data).decode("ascii")}

    def _command(self, picture: Path, width: int, asked: Asked) -> tuple[str, ...]:
        if not self._tool.endswith("fswebcam"):
            return (self._tool, "--nopreview", "--timeout", "800", "--width", str(width), "--output", str(picture))
        device = asked.text("deviceId", _devices(self._machine)[0], limit=64)
        if device not in _devices(self._machine):
            raise CommandError("NOT_FOUND", f"no camera {device} on this node")
        return (self._tool, "--quiet", "--no-banner", "--device", device, "--scale", str(width), str(picture))
