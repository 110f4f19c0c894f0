"""The SMART log of an NVMe disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.host.hardware import nvme


def _log(**at: int) -> bytes:
    log = bytearray(512)
    log[0], log[3], log[5] = at.get("warning", 0), 100, at.get("used", 3)
    log[1:3] = (273 + 41).to_bytes(2, "little")
    log[48:64] = (2000).to_bytes(16, "little")
    return bytes(log)


def test_the_log_is_read_as_the_standard_says() -> None:
    assert nvme.parse(_log(used=103, warning=4)) == nvme.Smart(4, 103, 100, 1_024_000_000, 41)
    for wrong in (b"", bytes(511), bytes(513)):
        with pytest.raises(ValueError, match="512"):
            nvme.parse(wrong)


def test_the_command_has_the_size_that_the_kernel_knows() -> None:
    assert (nvme._COMMAND.size, nvme._ADMIN) == (72, 0xC0484E41)


def test_each_controller_has_a_report_and_one_that_is_silent_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dev").mkdir()
    for name in ("nvme0", "nvme0n1", "nvme1", "sda"):
        (tmp_path / "dev" / name).write_text("")

    def read(device: Path) -> nvme.Smart:
        if device.name == "nvme1":
            raise OSError(25, "Inappropriate ioctl for device")
        return nvme.parse(_log())

    monkeypatch.setattr(nvme, "read", read)
    assert nvme.main(tmp_path, tmp_path / "reports") == 0
    (report,) = (tmp_path / "reports").iterdir()
    assert (report.name, '"percentageUsed": 3' in report.read_text()) == ("nvme0.json", True)


def test_a_file_that_is_no_disk_is_refused_by_the_kernel(tmp_path: Path) -> None:
    (tmp_path / "nvme0").write_text("")
    with pytest.raises(OSError):
        nvme.read(tmp_path / "nvme0")
