"""Which terminals get a console: serial lines, and the screen where somebody could look at one."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from image.board import REPOSITORY

_SCRIPT = REPOSITORY / "image/rootfs/usr/lib/homarus/has-screen"
_FRAME_BUFFER = "graphics/fb0"


@pytest.mark.parametrize(
    ("terminal", "connectors", "frame_buffer", "shown"),
    [
        ("ttyS0", {}, False, True),
        ("ttyAMA10", {}, False, True),
        ("tty1", {}, False, False),
        ("tty1", {}, True, True),
        ("tty1", {"card1-HDMI-A-1": "disconnected", "card1-HDMI-A-2": "connected"}, True, True),
        ("tty1", {"card1-HDMI-A-1": "disconnected", "card1-Writeback-1": "unknown"}, True, False),
        ("tty1", {"card0-VGA-1": "unknown"}, False, True),
    ],
)
def test_the_screen_has_a_console_where_there_is_a_screen(
    tmp_path: Path, terminal: str, connectors: Mapping[str, str], frame_buffer: bool, shown: bool
) -> None:
    for name, status in connectors.items():
        (tmp_path / "drm" / name).mkdir(parents=True)
        (tmp_path / "drm" / name / "status").write_text(f"{status}\n")
    if frame_buffer:
        (tmp_path / _FRAME_BUFFER).mkdir(parents=True)
    done = subprocess.run([_SCRIPT, terminal], env={"SYS_CLASS": str(tmp_path)}, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0 if shown else 1, b"")
