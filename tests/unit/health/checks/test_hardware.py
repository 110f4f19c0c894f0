"""Clock, disk, wear, heat, power, memory and boot loader, read from files as kernels and firmware show them."""

from __future__ import annotations

import struct

import pytest

from appliance.health import Severity
from appliance.health.checks import clock, disk, eeprom, memory, power, temperature, wear
from appliance.health.look import Space
from tests.unit.health.checks.box import NOW_MS, FilesOfABox


def test_a_clock_before_the_build_is_worse_than_one_that_nobody_set(box: FilesOfABox) -> None:
    box.put("usr/lib/clock-epoch", "", at_ms=NOW_MS)
    (found,) = clock.check(box.look(NOW_MS - 1))
    assert (found.code, found.severity, found.details["form"]) == ("clock", Severity.DEGRADED, "past")
    assert "2027-01-15" in found.summary

    box.answers["timedatectl"] = "no\n"
    (found,) = clock.check(box.look(NOW_MS))
    assert (found.severity, found.details["form"]) == (Severity.NOTICE, "alone")


def test_a_clock_that_a_time_server_set_is_fine(box: FilesOfABox) -> None:
    assert list(clock.check(box.look())) == []  # nobody to ask: nothing is said
    box.answers["timedatectl"] = "yes\n"
    assert list(clock.check(box.look())) == []
    box.answers["timedatectl"] = "no\n"
    box.put("run/systemd/timesync/synchronized", "")
    assert list(clock.check(box.look())) == []


@pytest.mark.parametrize(
    ("free", "form"),
    [(2 << 30, None), ((2 << 30) - 1, "low"), (256 << 20, "low"), ((256 << 20) - 1, "full")],
)
def test_room_on_the_disk_is_told_at_its_limits(box: FilesOfABox, free: int, form: str | None) -> None:
    box.room = Space(100 << 30, free)
    assert [one.details["form"] for one in disk.check(box.look())] == ([] if form is None else [form])


def test_a_small_card_is_low_at_a_tenth(box: FilesOfABox) -> None:
    box.room = Space(8 << 30, (8 << 30) // 10 + 1)
    assert list(disk.check(box.look())) == []
    box.room = Space(8 << 30, (8 << 30) // 10 - 1)
    assert len(list(disk.check(box.look()))) == 1


@pytest.mark.parametrize(("left", "found"), [(50, 0), (49, 1)])
def test_files_may_run_out_before_bytes(box: FilesOfABox, left: int, found: int) -> None:
    box.room = Space(100 << 30, 50 << 30, 1000, left)
    assert len(list(disk.check(box.look()))) == found


@pytest.mark.parametrize(
    ("life", "end", "severity"),
    [
        ("0x01 0x02", "0x01", None),
        ("0x07 0x01", "0x01", None),
        ("0x08 0x01", "0x01", Severity.NOTICE),
        ("0x01 0x0b", "0x01", Severity.DEGRADED),
        ("0x01 0x01", "0x03", Severity.DEGRADED),
        ("nonsense", "", None),
    ],
)
def test_a_card_says_how_much_of_its_life_is_used(
    box: FilesOfABox, life: str, end: str, severity: Severity | None
) -> None:
    box.put_all(
        {f"sys/block/mmcblk0/device/{name}": text for name, text in (("life_time", life), ("pre_eol_info", end))}
    )
    assert [one.severity for one in wear.check(box.look())] == ([] if severity is None else [severity])


def test_a_solid_state_disk_is_told_from_what_root_wrote(box: FilesOfABox) -> None:
    box.put("run/homarus-disk/nvme0.json", '{"percentageUsed": 79, "criticalWarning": 0}')
    assert list(wear.check(box.look())) == []
    box.put("run/homarus-disk/nvme0.json", '{"percentageUsed": 103, "criticalWarning": 0}')
    (found,) = wear.check(box.look())
    assert (found.subject, found.severity) == ("nvme0", Severity.DEGRADED)


def test_much_writing_is_told_after_an_hour(box: FilesOfABox) -> None:
    fields = ["0"] * 6 + [str(20 * 10**9 // 24 // 512 + 1000)] + ["0"] * 4
    box.put_all({"sys/block/mmcblk0/stat": " ".join(fields), "proc/uptime": "3599.0 1.0"})
    assert list(wear.check(box.look())) == []
    box.put("proc/uptime", "3600.0 1.0")
    (found,) = wear.check(box.look())
    assert (found.code, found.details["gigabytes"]) == ("disk_writes", 20)


@pytest.mark.parametrize(
    ("milli", "severity"),
    [(79_999, None), (80_000, Severity.NOTICE), (95_000, Severity.DEGRADED), (200_000, None), (-40_000, None)],
)
def test_heat_is_told_at_its_limits(box: FilesOfABox, milli: int, severity: Severity | None) -> None:
    box.put("sys/class/thermal/thermal_zone0/temp", "41000\n")
    box.put("sys/class/thermal/thermal_zone1/temp", f"{milli}\n")
    assert [one.severity for one in temperature.check(box.look())] == ([] if severity is None else [severity])


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("0", []),
        ("50005", [("under_voltage", "now"), ("throttled", "now")]),
        ("50000", [("under_voltage", "before"), ("throttled", "before")]),
        ("80008", [("throttled", "now")]),
        ("rubbish", []),
    ],
)
def test_the_firmware_tells_of_weak_power(box: FilesOfABox, word: str, found: list[tuple[str, str]]) -> None:
    box.put("sys/devices/platform/soc/soc:firmware/get_throttled", f"{word}\n")
    assert [(one.code, one.details["form"]) for one in power.check(box.look())] == found


def test_older_kernels_are_asked_with_the_makers_program(box: FilesOfABox) -> None:
    box.answers["vcgencmd"] = "throttled=0x1\n"
    assert list(power.check(box.look())) == []  # no Raspberry Pi
    box.put("dev/vcio", "")
    assert [one.code for one in power.check(box.look())] == ["under_voltage"]


def test_programs_that_wait_for_memory_are_told(box: FilesOfABox) -> None:
    box.put("proc/meminfo", "MemTotal: 1000000 kB\nMemAvailable: 500000 kB\n")
    box.put(
        "proc/pressure/memory", "some avg10=19.90 avg60=0 avg300=0 total=0\nfull avg10=9.90 avg60=0 avg300=0 total=0"
    )
    assert list(memory.check(box.look())) == []
    box.put("proc/pressure/memory", "some avg10=20.00 avg60=0 avg300=0 total=0\nfull avg10=0 avg60=0 avg300=0 total=0")
    assert [one.subject for one in memory.check(box.look())] == ["pressure"]
    box.put("proc/pressure/memory", "")
    box.put("proc/meminfo", f"MemTotal: 1000000 kB\nMemAvailable: {64 * 1024 - 1} kB\n")
    assert [one.subject for one in memory.check(box.look())] == ["left"]


@pytest.mark.parametrize(("listed", "found"), [("cpu io memory pids", 0), ("cpuset cpu io pids", 1), ("", 0)])
def test_a_kernel_without_the_memory_controller_is_told(box: FilesOfABox, listed: str, found: int) -> None:
    box.put("sys/fs/cgroup/cgroup.controllers", listed)
    assert len(list(memory.check_group(box.look()))) == found


def test_a_boot_loader_is_as_new_as_its_board_wants(box: FilesOfABox) -> None:
    box.put("proc/device-tree/chosen/bootloader/build-timestamp", struct.pack(">I", 1_743_379_200))  # 2025-03-31
    assert list(eeprom.check(box.look())) == []
    box.put("usr/lib/homarus/hardware.json", '{"eeprom_min": {"bcm2711": "2022-12-01", "bcm2712": "2025-04-01"}}')
    box.put("proc/device-tree/compatible", "raspberrypi,5-model-b\0brcm,bcm2712\0")
    assert [one.details["date"] for one in eeprom.check(box.look())] == ["2025-03-31"]
    box.put("proc/device-tree/compatible", "raspberrypi,4-model-b\0brcm,bcm2711\0")
    assert list(eeprom.check(box.look())) == []
    box.put("usr/lib/homarus/hardware.json", '{"eeprom_min": 5}')
    assert list(eeprom.check(box.look())) == []


@pytest.mark.parametrize(("at_s", "found"), [(1_619_700_000, 1), (1_669_852_799, 1), (1_669_852_800, 0)])
def test_a_boot_loader_of_2021_is_too_old(box: FilesOfABox, at_s: int, found: int) -> None:
    box.put("proc/device-tree/chosen/bootloader/build-timestamp", struct.pack(">I", at_s))
    assert len(list(eeprom.check(box.look()))) == found
