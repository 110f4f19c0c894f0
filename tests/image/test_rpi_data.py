"""The data of the Raspberry Pi's board: its files agree with each other and with what reads them on the box."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from appliance.host.tryboot import PARTITIONS, Tryboot
from image import board as boards
from image.errors import ImageError
from image.layouts import of
from image.layouts.pi import disk, facts, slot
from tests.image import pi_firmware
from tests.image.pi_firmware import Refused

_BOARD = boards.load("rpi")
_FACTS = facts.read(_BOARD.folder)


def _text(name: str) -> str:
    return (_BOARD.folder / name).read_text("utf-8")


@pytest.mark.parametrize("name", PARTITIONS)
def test_each_command_line_names_its_slot_and_a_disk_without_a_name(name: str) -> None:
    text = _text(f"cmdline_{name.lower()}.txt")
    assert text.count("\n") == 1
    assert text.endswith("\n")
    words = text.split()
    assert words.count(f"homarus.disk={_FACTS.disk_signature}") == 1
    assert f"rauc.slot={name}" in words
    assert {"ro", "rootfstype=erofs", "rootwait", "panic=10"} <= set(words)


def test_the_command_lines_differ_in_nothing_else() -> None:
    a, b = (_text(f"cmdline_{name}.txt").split() for name in "ab")
    assert [pair for pair in zip(a, b, strict=True) if pair[0] != pair[1]] == [("rauc.slot=A", "rauc.slot=B")]


@pytest.mark.parametrize("model", pi_firmware.MODELS)
@pytest.mark.parametrize(("name", "partition"), PARTITIONS.items())
def test_the_firmware_takes_the_command_line_of_the_partition_it_chose(name: str, partition: int, model: str) -> None:
    found = pi_firmware.settings(_text("config.txt"), partition=partition, tryboot=False, model=model)
    assert found["cmdline"] == f"cmdline_{name.lower()}.txt"
    assert found["arm_64bit"] == "1"
    assert found["kernel"] == "vmlinuz"


def test_where_the_firmware_cannot_choose_slot_a_is_meant_and_nothing_else_changes() -> None:
    plain = slot.without_choice(_text("config.txt"))
    assert "[boot_partition" not in plain
    wanted = pi_firmware.settings(_text("config.txt"), partition=2, tryboot=False, model="pi4")
    assert pi_firmware.settings(plain, partition=2, tryboot=False, model="pi4") == wanted
    with pytest.raises(ImageError, match="chooses no command line"):
        slot.without_choice(plain)


@pytest.mark.parametrize("line", ["dtoverlay=vc4-kms-v3d", "[pi4]"])
def test_a_line_behind_the_choice_is_not_lost_without_a_word(line: str) -> None:
    assert slot.without_choice(f"{_text('config.txt')}\n# Nothing more.\n") == slot.without_choice(_text("config.txt"))
    with pytest.raises(ImageError, match="move up"):
        slot.without_choice(f"{_text('config.txt')}{line}\n")


def test_a_mistyped_setting_or_filter_would_be_noticed() -> None:
    with pytest.raises(Refused, match="kernal"):
        pi_firmware.settings("kernal=vmlinuz\n", partition=2, tryboot=False, model="pi5")
    with pytest.raises(Refused, match="filter"):
        pi_firmware.settings("[boot_partitions=2]\n", partition=2, tryboot=False, model="pi5")
    with pytest.raises(Refused, match="longer than 98"):
        pi_firmware.settings("kernel=" + "v" * 92 + "\n", partition=2, tryboot=False, model="pi5")
    assert pi_firmware.settings("kernel=" + "v" * 91 + "\n", partition=2, tryboot=False, model="pi5")


def test_the_shipped_selector_starts_slot_a_and_tries_slot_b() -> None:
    text = _text("autoboot.txt")
    assert len(text.encode()) <= 512
    normal, trial = (pi_firmware.settings(text, partition=1, tryboot=tryboot, model="pi5") for tryboot in (False, True))
    assert normal == {"tryboot_a_b": "1", "boot_partition": str(PARTITIONS["A"])}
    assert trial["boot_partition"] == str(PARTITIONS["B"])


def test_the_box_reads_the_selector_as_the_firmware_does(tmp_path: Path) -> None:
    (tmp_path / "efi").mkdir()
    (tmp_path / "efi/autoboot.txt").write_text(_text("autoboot.txt"))
    assert Tryboot(tmp_path).committed() == "A"


def test_without_an_archive_of_the_maker_there_is_debians_kernel_and_no_trial_boot() -> None:
    found = facts.configured(_BOARD, {})
    assert found == _BOARD
    assert (found.kernel.source, found.kernel.package, found.tryboot) == ("debian", _FACTS.debian["kernel"], False)


def test_with_the_makers_archive_the_box_gets_its_kernel_and_trial_boots(tmp_path: Path) -> None:
    key = tmp_path / "maker.gpg"
    key.touch()
    environ = {facts.ARCHIVE: "file:/srv/maker", facts.KEY: str(key), facts.SUITE: "forky"}
    found = facts.configured(_BOARD, environ)
    assert (found.kernel.source, found.kernel.package, found.tryboot) == ("maker", "linux-image-rpi-v8", True)
    assert "rpi-eeprom" in found.packages
    told = facts.maker(_FACTS, environ | {facts.KERNEL: "linux-image-rpi-2712"})
    assert told is not None
    assert told.kernel == "linux-image-rpi-2712"
    assert told.source.line() == f"deb [signed-by={key}] file:/srv/maker forky main"


def test_an_archive_without_its_key_is_refused() -> None:
    with pytest.raises(ImageError, match=r"HOMARUS_MAKER_KEY must name the file"):
        facts.configured(_BOARD, {facts.ARCHIVE: "file:/srv/maker"})


def test_another_board_is_not_touched() -> None:
    other = boards.load("qemu-arm64")
    assert facts.configured(other, {facts.ARCHIVE: "file:/srv/maker"}) == other


def test_mistakes_in_the_facts_are_all_named(tmp_path: Path) -> None:
    (tmp_path / "pi.toml").write_text(_text("pi.toml").replace('"484f4d41"', '"484F"').replace("data_shipped", "data"))
    with pytest.raises(ImageError, match=r"disk_signature must match.*data_mib is not known|lacks data_shipped_mib"):
        facts.read(tmp_path)


def test_the_description_of_the_disk_has_slots_of_one_size() -> None:
    text = disk.configuration(_BOARD, _FACTS, "disk.img", {"root_a": Path("/r")})
    sizes = dict(re.findall(r"partition (\w+) {\s+partition-type = \w+\s+size = (\d+)M", text))
    assert sizes["root_a"] == sizes["root_b"] == str(_BOARD.partitions.root_mib)
    assert sizes["boot_a"] == sizes["boot_b"] == str(_BOARD.partitions.boot_mib)
    assert f"disk-signature = 0x{_FACTS.disk_signature}" in text


def test_the_updater_is_given_our_own_boot_loader() -> None:
    lines = of(_BOARD).rauc()
    assert lines.startswith("bootloader=custom\n")
    backend = lines.strip().rpartition("=")[2]
    assert (Path(__file__).resolve().parents[2] / "image/rootfs" / backend.lstrip("/")).is_file()


def test_the_data_partition_is_grown_before_it_is_checked_and_mounted() -> None:
    files = of(_BOARD).files(_BOARD)
    unit = files["usr/lib/systemd/system/box-grow.service"]
    assert "Before=systemd-fsck@dev-disk-by\\x2dslot-data.service data.mount" in unit
    assert "ExecStart=/bin/sh /usr/lib/homarus/grow-disk" in unit
    assert "Wants=box-grow.service" in files["usr/lib/systemd/system/data.mount.d/10-grow.conf"]


def test_a_start_names_the_disk_and_so_does_rauc_before_it_starts_what_it_wrote() -> None:
    files = of(_BOARD).files(_BOARD)
    assert f"everybodys={_FACTS.disk_signature}\n" in files["usr/lib/homarus/name-disk"]
    unit = files["usr/lib/systemd/system/box-name-disk.service"]
    assert "ExecStart=/bin/sh /usr/lib/homarus/name-disk\n" in unit
    backend = (Path(__file__).resolve().parents[2] / "image/rootfs/usr/lib/homarus/tryboot").read_text()
    assert backend.index("/usr/lib/homarus/name-disk") < backend.index("exec ")
    assert not [text for text in files.values() if "@SIGNATURE@" in text]


def test_the_settings_of_the_boot_loader_are_lines_that_it_reads() -> None:
    lines = [line for line in _text("eeprom.txt").splitlines() if line and not line.startswith("#")]
    assert lines[0] == "[all]"
    assert all(re.fullmatch(r"[A-Z_]+=(\d|0x[0-9a-f]+)", line) for line in lines[1:])
    order = next(line for line in lines if line.startswith("BOOT_ORDER=")).partition("=0x")[2]
    assert set(order) <= set("146f")  # card, USB, NVMe, again; read from the right
    assert order[0] == "f"
