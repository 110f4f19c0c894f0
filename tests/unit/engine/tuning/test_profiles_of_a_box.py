"""What a profile holds for: the files, the box, the build."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from appliance.engine.profile import EngineProfile, read_profile
from appliance.engine.tuning.hardware import read_hardware, read_shape
from appliance.engine.tuning.record import Row, Tuning, partial_of, read_tuning, write_tuning
from appliance.engine.tuning.shelf import Shelf
from tests.unit.engine.tuning.boxes import HARDWARE, SHAPE

_CPUINFO = "model name\t: A chip\nflags\t\t: avx2 fma sse\n\nmodel name\t: A chip\nflags\t\t: avx2 fma sse\n"


class Box:
    """A root with /proc, a folder of libraries and a model file."""

    def __init__(self, folder: Path) -> None:
        self.root, self.libraries, self.model = folder / "root", folder / "lib", folder / "a.gguf"
        (self.root / "proc/sys/kernel").mkdir(parents=True)
        self.libraries.mkdir()
        self.put("cpuinfo", _CPUINFO)
        self.put("meminfo", "MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\n")
        self.put("sys/kernel/osrelease", "6.1.0-9-amd64\n")
        (self.libraries / "libllama.so").write_bytes(b"build one")
        self.model.write_bytes(b"GGUF and so on")
        self.shelf = Shelf(folder / "profiles", self.libraries, root=self.root)

    def put(self, name: str, text: str) -> None:
        (self.root / "proc" / name).write_text(text)

    def tuning(self) -> Tuning:
        hardware = read_hardware(self.libraries, root=self.root)
        return Tuning(threads=2, hardware=hardware, model=read_shape(self.model), complete=True)

    def fresh(self) -> Shelf:
        """A shelf that remembers nothing of the box, as after a restart."""
        from appliance.engine.tuning import shelf

        shelf._hardware.cache_clear()
        return self.shelf


@pytest.fixture
def box(tmp_path: Path) -> Box:
    made = Box(tmp_path)
    write_tuning(made.shelf.path(made.model), made.tuning())
    return made


def test_a_tuning_is_a_profile_that_the_engine_reads(box: Box) -> None:
    path = box.shelf.path(box.model)
    assert read_profile(path) == EngineProfile(threads=2)
    tuning = box.shelf.valid(box.model)
    assert tuning is not None
    assert tuning.profile == EngineProfile(threads=2)
    assert (tuning.hardware.cpu, tuning.hardware.kernel) == ("A chip", "6")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cpuinfo", _CPUINFO.replace("A chip", "Another chip")),
        ("cpuinfo", _CPUINFO.replace("fma", "fma avx512f")),
        ("meminfo", "MemTotal: 4000000 kB\n"),
        ("sys/kernel/osrelease", "7.0.1\n"),
    ],
)
def test_a_profile_of_other_hardware_is_refused(box: Box, name: str, text: str) -> None:
    assert box.fresh().valid(box.model) is not None
    box.put(name, text)
    assert box.fresh().valid(box.model) is None
    assert box.shelf.stored(box.model) is not None, "it is only not used"


def test_a_kernel_update_within_its_major_version_and_some_reserved_memory_change_nothing(box: Box) -> None:
    box.put("sys/kernel/osrelease", "6.12.3\n")
    box.put("meminfo", "MemTotal: 8010000 kB\nMemAvailable: 1 kB\n")
    assert box.fresh().valid(box.model) is not None


def test_another_build_of_llama_cpp_needs_another_profile_without_a_restart(box: Box) -> None:
    assert box.shelf.valid(box.model) is not None
    (box.libraries / "libllama.so").unlink()
    (box.libraries / "libllama.so").write_bytes(b"build two")
    assert box.shelf.valid(box.model) is None


def test_another_file_under_the_same_name_needs_another_profile_and_a_new_name_does_not(box: Box) -> None:
    tuning = box.shelf.stored(box.model)
    assert tuning is not None
    assert tuning.holds_for(tuning.hardware, replace(tuning.model, file="renamed.gguf"))
    box.model.write_bytes(b"GGUF and so forth")
    assert box.shelf.valid(box.model) is None


def test_an_unfinished_tuning_is_not_used(box: Box) -> None:
    write_tuning(box.shelf.path(box.model), replace(box.tuning(), complete=False))
    assert box.shelf.valid(box.model) is None


def test_without_an_engine_there_is_no_profile(box: Box) -> None:
    assert Shelf(box.shelf.path(box.model).parent, None).valid(box.model) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"threads": 2}', b"\xff" * 100, b" " * 70_000])
def test_a_damaged_file_is_no_profile(box: Box, content: bytes) -> None:
    box.shelf.path(box.model).write_bytes(content)
    assert box.shelf.valid(box.model) is None


def test_a_profile_that_llama_cpp_cannot_run_is_no_profile(box: Box) -> None:
    write_tuning(box.shelf.path(box.model), replace(box.tuning(), type_v="q8_0"))
    assert box.shelf.valid(box.model) is None


def test_what_is_forgotten_is_gone_with_its_unfinished_part(box: Box) -> None:
    path = box.shelf.path(box.model)
    write_tuning(partial_of(path), box.tuning())
    box.shelf.forget(box.model)
    box.shelf.forget(box.model)
    assert list(path.parent.iterdir()) == []


def test_a_long_table_stays_within_what_the_engine_reads(tmp_path: Path) -> None:
    rows = (Row("attention", "flash, cache q8_0", 1234.5678, 123.4567, 1234.5678, 0.123, 12, True, "x" * 200),) * 60
    tuning = Tuning(hardware=HARDWARE, model=SHAPE, rows=rows, complete=True)
    write_tuning(tmp_path / "a.json", tuning)
    assert read_tuning(tmp_path / "a.json") == tuning
    assert read_profile(tmp_path / "a.json") == tuning.profile


def test_a_board_names_its_processor_elsewhere(box: Box) -> None:
    box.put("cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\nCPU part\t: 0xd0b\n\nModel\t\t: A board Rev 1.0\n")
    hardware = read_hardware(box.libraries, root=box.root, cores=4)
    assert (hardware.cpu, hardware.cores) == ("A board Rev 1.0", 4)
    box.put("cpuinfo", "")
    assert read_hardware(None, root=box.root).cpu == "unknown"
    assert msgspec.json.encode(hardware)
