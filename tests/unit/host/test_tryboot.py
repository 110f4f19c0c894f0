"""The backend of a Raspberry Pi against folders that hold what its firmware and its kernel show."""

from __future__ import annotations

import contextlib
import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.host.tryboot import PARTITIONS, Start, Tryboot, TrybootError
from appliance.host.tryboot.__main__ import main

EARLIEST_S = 1_669_852_800  # 2022-12-01
PI_5_S = 1_743_465_600  # 2025-04-01
RPI = Path(__file__).resolve().parents[3] / "firmware-config/boards/rpi"
SHIPPED, BOARD = RPI / "autoboot.txt", RPI / "board.toml"


@dataclass
class Pi:
    """A board with the firmware's rules: what starts after a restart, and what of it is in memory only."""

    root: Path

    def __post_init__(self) -> None:
        for name in ("efi", "run/systemd", "data/system", "proc/device-tree/chosen/bootloader"):
            (self.root / name).mkdir(parents=True)
        (self.root / "efi/autoboot.txt").write_text(SHIPPED.read_text())
        self.cell("build-timestamp", EARLIEST_S)
        self._started("A", trial=False)

    @property
    def firmware(self) -> Tryboot:
        return Tryboot(self.root)

    @property
    def autoboot(self) -> Path:
        return self.root / "efi/autoboot.txt"

    def cell(self, name: str, value: int) -> None:
        (self.root / "proc/device-tree/chosen/bootloader" / name).write_bytes(value.to_bytes(4, "big"))

    def restart(self, *, power_cut: bool = False) -> str:
        """Start as the firmware would: read autoboot.txt, with [tryboot] only where the restart was asked for so."""
        argument = self.root / "run/systemd/reboot-param"
        trial = argument.exists() and argument.read_text().strip() == "0 tryboot" and not power_cut
        for leftover in (argument, self.root / "run/homarus-tryboot/armed"):
            leftover.unlink(missing_ok=True)
        section, chosen = "all", 0
        for line in self.autoboot.read_text().splitlines() if self.autoboot.exists() else ():
            if line.startswith("["):
                section = line.strip("[]")
            elif line.startswith("boot_partition=") and (section == "all" or (section == "tryboot" and trial)):
                chosen = int(line.partition("=")[2])
        # Without the file it takes the first partition that can start.
        slot = next((name for name, number in PARTITIONS.items() if number == chosen), "A")
        self._started(slot, trial=trial)
        return slot

    def _started(self, slot: str, *, trial: bool) -> None:
        (self.root / "proc/cmdline").write_text(f"root=x ro rauc.slot={slot} quiet\n")
        self.cell("tryboot", int(trial))
        self.cell("partition", PARTITIONS[slot])

    def rauc(self, *arguments: str) -> int:
        return main(list(arguments), self.root)


@pytest.fixture
def pi(tmp_path: Path) -> Pi:
    return Pi(tmp_path)


def said(pi: Pi, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert pi.rauc(*arguments) == 0
    return capsys.readouterr().out.strip()


def installed(pi: Pi, slot: str) -> None:
    """What RAUC calls for an installation: not to be started while it is written, then first of all."""
    assert pi.rauc("set-state", slot, "bad") == 0
    assert pi.rauc("set-primary", slot) == 0


def test_a_new_card_says_what_rauc_asks(pi: Pi, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(pi, capsys, "get-current") == "A"
    assert said(pi, capsys, "get-primary") == "A"
    assert said(pi, capsys, "get-state", "A") == "good"
    assert said(pi, capsys, "get-state", "B") == "bad"


def test_an_update_starts_once_and_stays_when_it_is_marked_good(pi: Pi, capsys: pytest.CaptureFixture[str]) -> None:
    installed(pi, "B")
    assert said(pi, capsys, "get-primary") == "B"
    assert said(pi, capsys, "get-state", "B") == "good"
    assert pi.restart() == "B"
    assert pi.firmware.on_trial()
    assert said(pi, capsys, "get-current") == "B"
    assert said(pi, capsys, "get-primary") == "A"
    assert pi.rauc("set-state", "B", "good") == 0
    assert said(pi, capsys, "get-primary") == "B"
    assert pi.restart() == "B"
    assert not pi.firmware.on_trial()
    assert said(pi, capsys, "get-state", "A") == "good", "one can go back to it"


@pytest.mark.parametrize("power_cut", [False, True])
def test_any_restart_ends_a_trial_that_was_not_marked_good(pi: Pi, power_cut: bool) -> None:
    installed(pi, "B")
    assert pi.restart() == "B"
    assert pi.restart(power_cut=power_cut) == "A"
    assert pi.firmware.primary() == "A"


def test_a_power_cut_before_the_restart_leaves_the_committed_slot(pi: Pi) -> None:
    installed(pi, "B")
    assert pi.restart(power_cut=True) == "A"
    assert pi.restart() == "A"


def test_the_way_back_is_a_trial_too(pi: Pi) -> None:
    installed(pi, "B")
    pi.restart()
    pi.rauc("set-state", "B", "good")
    assert pi.rauc("set-primary", "A") == 0
    assert pi.restart() == "A"
    assert pi.firmware.committed() == "B"
    pi.rauc("set-state", "A", "good")
    assert pi.restart() == "A"
    assert pi.firmware.committed() == "A"


def test_to_choose_the_committed_slot_takes_an_armed_trial_back(pi: Pi) -> None:
    installed(pi, "B")
    assert pi.rauc("set-primary", "A") == 0
    assert pi.restart() == "A"


def test_a_slot_that_is_written_over_is_not_started_by_an_older_order(pi: Pi) -> None:
    installed(pi, "B")
    assert pi.rauc("set-state", "B", "bad") == 0
    assert pi.restart() == "A"


def test_the_committed_slot_cannot_be_marked_bad(pi: Pi, capsys: pytest.CaptureFixture[str]) -> None:
    assert pi.rauc("set-state", "A", "bad") == 1
    assert "roll back instead" in capsys.readouterr().err
    assert pi.firmware.state("A") == "good"


def test_a_slot_on_trial_that_is_marked_bad_is_not_started_again(pi: Pi) -> None:
    installed(pi, "B")
    pi.restart()
    assert pi.rauc("set-state", "B", "bad") == 0
    assert pi.restart() == "A"
    assert pi.firmware.state("B") == "bad"


def test_a_boot_loader_of_before_december_2022_is_refused(pi: Pi, capsys: pytest.CaptureFixture[str]) -> None:
    pi.cell("build-timestamp", EARLIEST_S - 1)
    assert pi.rauc("set-primary", "B") == 1
    assert "is of 2022-11-30, older than 2022-12-01" in capsys.readouterr().err
    assert pi.restart() == "A"
    pi.cell("build-timestamp", EARLIEST_S)
    assert pi.rauc("set-primary", "B") == 0


@pytest.mark.parametrize("model", ["raspberrypi,5-model-b\0brcm,bcm2712\0", "of,another\0maker,bcm2713\0", None])
def test_a_model_may_want_a_newer_boot_loader(pi: Pi, capsys: pytest.CaptureFixture[str], model: str | None) -> None:
    _described(pi, model)
    pi.cell("build-timestamp", PI_5_S - 1)
    assert pi.rauc("set-primary", "B") == 1
    assert "is of 2025-03-31, older than 2025-04-01" in capsys.readouterr().err
    assert pi.restart() == "A"
    pi.cell("build-timestamp", PI_5_S)
    assert pi.rauc("set-primary", "B") == 0


@pytest.mark.parametrize("model", ["raspberrypi,4-model-b\0brcm,bcm2711\0", "raspberrypi,400\0brcm,bcm2711\0"])
def test_a_pi_4_needs_no_newer_one_than_the_first_that_can(pi: Pi, model: str) -> None:
    _described(pi, model)
    pi.cell("build-timestamp", EARLIEST_S)
    assert pi.rauc("set-primary", "B") == 0
    pi.cell("build-timestamp", EARLIEST_S - 1)
    assert pi.rauc("set-primary", "B") == 1


def _described(pi: Pi, model: str | None) -> None:
    """Give the box what the build writes of the board's data, and what the device tree says of the model."""
    told = pi.root / "usr/lib/homarus/hardware.json"
    told.parent.mkdir(parents=True)
    told.write_text(json.dumps(tomllib.loads(BOARD.read_text())["hardware"]))
    if model is not None:
        (pi.root / "proc/device-tree/compatible").write_text(model)


@pytest.mark.parametrize(
    "told",
    [
        "",
        "[]",
        "{}",
        *(f'{{"eeprom_min": {each}}}' for each in ("5", '"2025-04-01"', "{}", '{"bcm2711": "soon"}', '{"bcm2711": 5}')),
    ],
)
def test_a_board_that_names_no_date_gets_that_of_the_first_boot_loader_that_can(pi: Pi, told: str) -> None:
    (pi.root / "usr/lib/homarus").mkdir(parents=True)
    (pi.root / "usr/lib/homarus/hardware.json").write_text(told)
    assert pi.rauc("set-primary", "B") == 0
    pi.cell("build-timestamp", EARLIEST_S - 1)
    assert pi.rauc("set-primary", "B") == 1


def test_a_kernel_that_knows_no_trial_boot_is_refused(pi: Pi, capsys: pytest.CaptureFixture[str]) -> None:
    (pi.root / "proc/device-tree/chosen/bootloader/tryboot").unlink()
    assert pi.rauc("set-primary", "B") == 1
    assert "no trial boot" in capsys.readouterr().err


def test_the_slot_that_runs_is_known_from_the_firmware_too(pi: Pi) -> None:
    (pi.root / "proc/cmdline").write_text("quiet")
    assert pi.firmware.current() == "A"
    pi.cell("partition", 1)
    with pytest.raises(TrybootError):
        pi.firmware.current()


def test_what_rauc_never_asks_is_an_error(pi: Pi) -> None:
    for arguments in ([], ["get-state", "C"], ["set-state", "A", "fine"], ["set-primary"], ["reboot"]):
        assert pi.rauc(*arguments) == 64


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3",  # the end of the last line is missing
        "[all]\ntryboot_a_b=1\nboot_partition=2\n",
        "[all]\nboot_partition=2\n[tryboot]\nboot_partition=3\n",
        "[all]\ntryboot_a_b=1\nboot_partition=3\n[tryboot]\nboot_partition=3\n",
        "[all]\ntryboot_a_b=1\nboot_partition=7\n[tryboot]\nboot_partition=3\n",
        SHIPPED.read_text() + "#" * 512 + "\n",
    ],
)
def test_a_file_that_was_torn_is_written_again_at_the_start(pi: Pi, content: str) -> None:
    assert pi.firmware.start() is Start.FINE
    pi.autoboot.write_text(content)
    assert pi.firmware.start() is Start.MENDED
    assert pi.autoboot.read_text() == SHIPPED.read_text()
    assert pi.firmware.start() is Start.FINE


def test_a_file_that_is_gone_is_written_again_and_the_committed_slot_comes_back(pi: Pi) -> None:
    installed(pi, "B")
    pi.restart()
    pi.rauc("set-state", "B", "good")
    pi.autoboot.unlink()
    assert pi.restart() == "A"
    assert pi.firmware.start() is Start.WRONG_SLOT
    assert pi.restart() == "B"
    assert pi.firmware.start() is Start.FINE


def test_a_card_whose_copy_is_gone_too_keeps_the_slot_that_runs(pi: Pi) -> None:
    pi.autoboot.unlink()
    assert pi.firmware.start() is Start.MENDED
    assert pi.firmware.committed() == "A"


def test_a_commit_that_was_cut_off_at_any_call_leaves_one_slot_or_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cut(BaseException):
        pass

    seen = set()
    for cut in range(20):
        pi = Pi(tmp_path / str(cut))
        pi.firmware.start()
        installed(pi, "B")
        pi.restart()
        calls = 0

        def watched(real: object, cut: int = cut) -> object:
            def call(*arguments: object, **more: object) -> object:
                nonlocal calls
                calls += 1
                if calls > cut:
                    raise Cut
                return real(*arguments, **more)  # type: ignore[operator]  # any function of os

            return call

        with monkeypatch.context() as patch:
            for name in ("replace", "fsync", "write", "unlink"):
                patch.setattr(os, name, watched(getattr(os, name)))
            with contextlib.suppress(Cut):
                pi.rauc("set-state", "B", "good")
        slot = pi.restart()
        assert pi.firmware.start() is Start.FINE
        assert pi.firmware.committed() == slot
        seen.add(slot)
        if calls <= cut:
            break
    assert seen == {"A", "B"}
