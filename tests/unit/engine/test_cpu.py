"""Whether a processor can run the engine is known before anything is decoded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.engine.cpu import missing_features

_HASWELL = "processor : 0\nflags\t\t: fpu sse4_2 avx avx2 bmi2 f16c fma\n"
_CELERON = "processor : 0\nflags\t\t: fpu sse4_2\n"
_PI_4 = "processor\t: 0\nFeatures\t: fp asimd evtstrm crc32 cpuid\n"


def _cpuinfo(folder: Path, text: str) -> Path:
    path = folder / "cpuinfo"
    path.write_text(text, "utf-8")
    return path


def _libraries(folder: Path, *features: str) -> Path:
    (folder / "requires.json").write_text(json.dumps({"cpu": features}), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "machine", "missing"),
    [
        (_HASWELL, "x86_64", ()),
        (_CELERON, "x86_64", ("avx2", "bmi2", "f16c", "fma")),
        (_PI_4, "aarch64", ()),
        ("Features : fp\n", "aarch64", ("asimd",)),
        (_PI_4, "riscv64", ()),
    ],
)
def test_the_floor_of_the_architecture_counts(
    tmp_path: Path, text: str, machine: str, missing: tuple[str, ...]
) -> None:
    assert missing_features(cpuinfo=_cpuinfo(tmp_path, text), machine=machine) == missing


def test_libraries_may_need_more_than_the_floor(tmp_path: Path) -> None:
    libraries = _libraries(tmp_path, "asimd", "asimddp")
    assert missing_features(libraries, cpuinfo=_cpuinfo(tmp_path, _PI_4), machine="aarch64") == ("asimddp",)


def test_the_weakest_core_counts(tmp_path: Path) -> None:
    text = _HASWELL + "processor : 1\nflags : fpu sse4_2 avx avx2 fma f16c\n"
    assert missing_features(cpuinfo=_cpuinfo(tmp_path, text), machine="x86_64") == ("bmi2",)


def test_a_processor_that_says_nothing_is_taken_to_be_able(tmp_path: Path) -> None:
    assert missing_features(cpuinfo=tmp_path / "absent", machine="x86_64") == ()
    assert missing_features(cpuinfo=_cpuinfo(tmp_path, "model : x\n"), machine="x86_64") == ()
