"""The real RAUC of the box, with our backend for the firmware of a Raspberry Pi; only the firmware is a double."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from image import tools
from image.layouts import pi as layout
from tests.fakes.bus import message_bus
from tests.image.kept import kept_tree
from tests.integration.gateway_process import CHECKOUT
from tests.unit.host.test_tryboot import Pi

pytestmark = pytest.mark.image
_START_S = 20.0

_BACKEND = """#!/usr/bin/python3
import sys
sys.path.insert(0, {checkout!r})
from pathlib import Path
from appliance.host.tryboot.__main__ import main
sys.exit(main(sys.argv[1:], Path({root!r})))
"""
_SLOT = "[slot.{name}]\ndevice={folder}/{name}\ntype=raw\n{more}\n"


@dataclass
class Board:
    """A board, and RAUC on a bus of its own."""

    pi: Pi
    folder: Path
    address: str

    def command(self, *words: str, before: tuple[str, ...] = ()) -> list[str]:
        bus = f"DBUS_SYSTEM_BUS_ADDRESS={self.address}"
        return tools.command(["env", bus, *before, "rauc", f"--conf={self.folder}/system.conf", *words], [self.folder])

    @contextmanager
    def service(self, *before: str, slot: str = "") -> Iterator[None]:
        """Run the service, as one start of the box does. `before`: variables; `slot`: what runs without a backend."""
        words = [f"--override-boot-slot={slot}", "service"] if slot else ["service"]
        with (self.folder / "service.log").open("ab") as log:
            service = subprocess.Popen(self.command(*words, before=before), stdout=log, stderr=log)
            try:
                deadline = time.monotonic() + _START_S
                while self.rauc("status")[0] != 0:
                    assert time.monotonic() < deadline, (self.folder / "service.log").read_text()
                    time.sleep(0.1)
                yield
            finally:
                service.terminate()
                service.wait()

    def rauc(self, *words: str) -> tuple[int, str]:
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout

    def status(self) -> tuple[str, str, dict[str, str]]:
        """Return what is booted, what is next, and the state of each slot."""
        code, said = self.rauc("status", "--output-format=json")
        assert code == 0, said
        facts: dict[str, Any] = json.loads(said)
        slots = {one["bootname"]: one["boot_status"] for row in facts["slots"] for one in row.values()}
        return facts["booted"], facts["boot_primary"], {name: state for name, state in slots.items() if name}


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    if kept_tree("tools") is None:
        pytest.skip("scripts/image has not made its tools here")
    folder = tmp_path
    backend = folder / "backend"
    backend.write_text(_BACKEND.format(checkout=str(CHECKOUT), root=str(folder / "pi")))
    backend.chmod(0o755)
    slots = ""
    for number, name in enumerate("AB"):
        for kind, more in (("rootfs", f"bootname={name}\n"), ("boot", f"parent=rootfs.{number}\n")):
            (folder / f"{kind}.{number}").write_bytes(bytes(65536))
            slots += _SLOT.format(name=f"{kind}.{number}", folder=folder, more=more)
    (folder / "data").mkdir()
    (folder / "system.conf").write_text(
        f"[system]\ncompatible=homarus-rpi\nbundle-formats=-plain\ndata-directory={folder}/data\n"
        f"mountprefix={folder}/mnt\n{layout.LAYOUT.rauc().replace(layout.BACKEND, str(backend))}\n"
        f"[keyring]\npath={folder}/none.pem\n\n{slots}"
    )
    (folder / "pi").mkdir()
    with message_bus(folder) as address:
        yield Board(Pi(folder / "pi"), folder, address)


def test_rauc_understands_what_the_firmware_is_told(board: Board) -> None:
    with board.service():
        assert board.status() == ("A", "rootfs.0", {"A": "good", "B": "bad"})
        assert board.rauc("status", "mark-active", "other")[0] == 0
        assert board.status() == ("A", "rootfs.1", {"A": "good", "B": "good"})
    assert board.pi.restart() == "B"
    with board.service():
        assert board.status() == ("B", "rootfs.0", {"A": "good", "B": "good"})
        assert board.rauc("status", "mark-good", "booted")[0] == 0
        assert board.status() == ("B", "rootfs.1", {"A": "good", "B": "good"})
    assert board.pi.restart() == "B"
    with board.service():
        assert board.rauc("status", "mark-bad", "booted")[0] != 0, "the firmware counts nothing: it would start again"
        assert board.rauc("status", "mark-active", "other")[0] == 0
    assert board.pi.restart() == "A"
    assert board.pi.restart() == "B", "a trial that nobody marked good ends with any restart"
    assert "roll back instead" in (board.folder / "service.log").read_text()
