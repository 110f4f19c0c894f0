"""The actions of the units over a real gateway and a real D-Bus; only RAUC, systemctl and journalctl are doubles."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.updates.gate.command import act
from appliance.updates.trial import record, report
from appliance.updates.trial.places import Places
from tests.fakes.bus import message_bus
from tests.fakes.rauc import FakeRauc
from tests.integration.box import no_engine
from tests.integration.gateway_process import TOKEN, GatewayProcess

_VERSIONS = {"A": "1.0.0", "B": "1.1.0"}
_PROGRAM = """#!/bin/sh
echo "$(basename "$0") $*" >> "{log}"
case "$*" in
*--state=failed*) echo "homarus-gateway.service loaded failed failed Homarus" ;;
*-u*) echo "[1.0] gateway: cannot start, Authorization: Bearer {token}" ;;
esac
"""


@dataclass
class Booted:
    """A box on a file system of its own."""

    root: Path
    rauc: FakeRauc
    commands: Path
    gateway: GatewayProcess = field(init=False)

    def __post_init__(self) -> None:
        for name in ("proc", "usr/lib/homarus", "var/lib", "data/system", "run"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        self.gateway = GatewayProcess(self.root / "var/lib/homarus", **no_engine(self.root))

    @property
    def places(self) -> Places:
        return Places.on(self.root)

    def start(self, slot: str) -> None:
        """What the boot loader and the kernel do."""
        facts = {"board": "nuc", "version": _VERSIONS[slot], "build": "x", "compatible": "c", "tryboot": False}
        (self.root / "usr/lib/homarus/box.json").write_text(json.dumps(facts))
        (self.root / "proc/cmdline").write_text(f"ro rauc.slot={slot}")
        self.rauc.booted = slot
        assert self.act("prepare-state") == 0

    def act(self, action: str) -> int:
        return act(action, self.root, {"HOMARUS_GATE_PATIENCE_S": "1"})

    def serve_through_the_gate(self) -> None:
        self.gateway.start()
        try:
            assert self.act("gate") == 0
        finally:
            self.gateway.stop()

    @property
    def ran(self) -> list[str]:
        return self.commands.read_text().splitlines() if self.commands.exists() else []


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Booted]:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("systemctl", "journalctl"):
        (programs / name).write_text(_PROGRAM.format(log=tmp_path / "commands", token=TOKEN))
        (programs / name).chmod(0o755)
    with message_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        with FakeRauc().on(address) as rauc:
            yield Booted(tmp_path, rauc, tmp_path / "commands")


def test_a_version_that_answers_is_marked_good_and_becomes_the_boxes_own(box: Booted) -> None:
    box.start("A")
    box.serve_through_the_gate()
    assert box.rauc.marks == [("good", "rootfs.0")]
    box.start("B")
    assert report.trial_open(box.root)
    box.serve_through_the_gate()
    assert box.rauc.marks == [("good", "rootfs.0"), ("good", "rootfs.1")]
    own = record.committed(box.places)
    assert own is not None
    assert own.release.version == "1.1.0"
    assert not report.trial_open(box.root)
    assert box.act("deadline") == 0
    assert not [line for line in box.ran if "reboot" in line], "nothing restarts a box that works"


def test_a_version_whose_gateway_does_not_start_is_given_up_with_its_reason(box: Booted) -> None:
    box.start("A")
    (box.gateway.state / "gateway.token").write_text(f"{TOKEN}\n")
    box.start("B")
    assert box.act("gate") == 1
    assert box.rauc.marks == []
    assert box.act("deadline") == 0
    assert box.ran[-1] == "systemctl --no-block reboot"
    box.start("A")
    (told,) = report.reports(box.root)
    assert (told.kind, told.reason) == ("returned", "The gateway did not start.")
    assert told.units == ("homarus-gateway.service",)
    assert told.gate[0].startswith("gateway: does not work (No gateway answers")
    assert any("cannot start" in line for line in told.journal)
    assert TOKEN not in (box.places.reports / "0001.json").read_text()
    box.serve_through_the_gate()
    assert box.rauc.marks == [("good", "rootfs.0")]


def test_a_version_without_a_copy_of_the_state_is_forbidden_and_the_box_restarts(
    box: Booted, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.start("A")
    with monkeypatch.context() as full:
        full.setattr("appliance.updates.trial.copying.room_missing", lambda _: 1 << 20)
        with pytest.raises(AssertionError):
            box.start("B")
    assert box.act("deadline") == 0
    assert box.rauc.marks == [("bad", "rootfs.1")]
    assert box.ran == ["systemctl --no-block reboot"]
    box.start("A")
    (told,) = report.reports(box.root)
    assert told.kind == "refused"
    assert "2 MiB are missing on the disk" in told.reason
