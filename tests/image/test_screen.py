"""Which terminals get a console: serial lines, and the screen where somebody could look at one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from image.board import REPOSITORY

_SCRIPT = REPOSITORY / "image/rootfs/usr/lib/homarus/has-screen"
_UNITS = (REPOSITORY / "systemd", REPOSITORY / "image/rootfs/usr/lib/systemd/system", REPOSITORY / "image/layouts")
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


def test_a_console_whose_terminal_is_gone_comes_back_seldom_and_never_gives_up() -> None:
    unit = (REPOSITORY / "systemd/homarus-console@.service").read_text()
    assert re.search(r"^Restart=always$", unit, re.M)
    (pause,) = re.findall(r"^RestartSec=(\d+)$", unit, re.M)
    assert int(pause) >= 10
    assert re.search(r"^StartLimitIntervalSec=0$", unit, re.M)


def _open_names() -> Iterator[tuple[str, str]]:
    """Every plain unit that names a template without an instance: systemd puts the name of that unit there."""
    for folder in _UNITS:
        for path in folder.rglob("*"):
            plain = path.suffix in (".service", ".socket", ".timer", ".target", ".path", ".conf") and "@." not in str(
                path
            )
            if plain:
                for line in path.read_text().splitlines():
                    key, _, names = line.partition("=")
                    if key.isalpha() and not key.startswith("Exec") and re.search(r"@\.[a-z]+(\s|$)", names):
                        yield path.name, line


def test_no_terminal_is_called_after_a_unit() -> None:
    assert list(_open_names()) == []
