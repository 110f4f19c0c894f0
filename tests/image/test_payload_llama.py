"""llama.cpp for the box: which variants are built, what they ask of a processor, what stands in the built libraries."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from appliance.engine.cpu import missing_features
from image import tools
from image.errors import ImageError
from image.payload import llama
from image.payload.target import target
from tests.image.kept import kept_tree, newest

_LISTING = """\
        ggml_add_cpu_backend_variant(x64)
        ggml_add_cpu_backend_variant(sse42              SSE42)
        ggml_add_cpu_backend_variant(haswell            SSE42 AVX F16C FMA AVX2 BMI2)
        ggml_add_cpu_backend_variant(icelake            SSE42 AVX512)
            ggml_add_cpu_backend_variant(sapphirerapids SSE42 AMX_TILE AMX_INT8)
        ggml_add_cpu_backend_variant(alderlake          SSE42 AVX_VNNI)
"""
_MACHINES = {"amd64": "Advanced Micro Devices X86-64", "arm64": "AArch64"}
# What Debian brings to the box; everything else must lie beside it.
_FROM_DEBIAN = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "libgomp.so.1", "ld-linux-x86-64.so.2"}


def _cpuinfo(folder: Path, word: str, features: str) -> Path:
    path = folder / "cpuinfo"
    path.write_text(f"processor : 0\n{word}\t: {features}\n")
    return path


def _source(folder: Path, text: str) -> Path:
    listing = folder / "ggml" / "src" / "CMakeLists.txt"
    listing.parent.mkdir(parents=True)
    listing.write_text(text)
    return listing


def test_only_the_chosen_variants_are_built_and_none_with_amx(tmp_path: Path) -> None:
    listing = _source(tmp_path, _LISTING)
    llama._choose(tmp_path, target("amd64"))
    assert re.findall(r"variant\((\w+)", listing.read_text()) == ["sse42", "haswell", "icelake", "alderlake"]


def test_a_newer_llama_without_a_variant_is_noticed(tmp_path: Path) -> None:
    _source(tmp_path, _LISTING.replace("sse42 ", "sse43 "))
    with pytest.raises(ImageError, match="no variant sse42"):
        llama._choose(tmp_path, target("amd64"))


def test_the_building_machine_decides_nothing() -> None:
    flags = llama._flags(target("arm64"), Path("/somewhere"))
    assert "-DGGML_NATIVE=OFF" in flags
    assert "-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++" in flags
    assert "-DCMAKE_C_FLAGS=-ffile-prefix-map=/somewhere=llama.cpp" in flags


@pytest.mark.parametrize(
    ("word", "features", "lacking"),
    [
        ("flags", "sse4_2 popcnt sse2", ()),  # a Celeron of 2019
        ("flags", "sse2 ssse3", ("sse4_2", "popcnt")),
        ("Features", "fp asimd evtstrm crc32", ()),  # Pi 4
    ],
)
def test_the_engine_asks_for_the_lowest_variant_only(
    tmp_path: Path, word: str, features: str, lacking: tuple[str, ...]
) -> None:
    arch = "amd64" if word == "flags" else "arm64"
    lowest = llama.VARIANTS[arch][0].features
    (tmp_path / "requires.json").write_text(json.dumps({"cpu": lowest}))
    assert missing_features(tmp_path, cpuinfo=_cpuinfo(tmp_path, word, features)) == lacking


@pytest.mark.image
@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_the_built_libraries_are_of_the_right_machine_and_complete(arch: str) -> None:
    built = newest(f"llama-{arch}")
    if built is None or kept_tree("tools") is None:
        pytest.skip("not built here: scripts/image makes it")
    folder = built / llama.FOLDER
    libraries = sorted(each for each in folder.glob("*.so*") if not each.is_symlink())
    present = {each.name for each in folder.glob("*.so*")}
    assert {f"libggml-cpu-{each.name}.so" for each in llama.VARIANTS[arch]} <= present
    text = tools.run(["readelf", "-W", "-h", "-d", "--dyn-syms", *libraries])
    assert set(re.findall(r"Machine: +(\S.*)", text)) == {_MACHINES[arch]}
    assert set(re.findall(r"\(NEEDED\).*\[(.*)\]", text)) <= present | _FROM_DEBIAN
    assert set(re.findall(r"\(R(?:UN)?PATH\).*\[(.*)\]", text)) == {"$ORIGIN"}
    _no_symbol_is_missing(text)


def _no_symbol_is_missing(text: str) -> None:
    """What has no version (those are Debian's) and is defined in none of ours would fail at the first call."""
    symbols = re.findall(r"(?m)^ +\d+: \w+ +\S+ +\w+ +(\w+) +\w+ +(\w+) (\S+)", text)
    defined = {name for _, section, name in symbols if section != "UND"}
    wanted = {name for _, section, name in symbols if section == "UND" and "@" not in name}
    weak = {name for binding, section, name in symbols if section == "UND" and binding == "WEAK"}
    assert wanted - defined - weak == set()


@pytest.mark.image
def test_the_variants_hold_the_instructions_that_they_are_named_for() -> None:
    built = newest("llama-arm64")
    if built is None or kept_tree("compilers") is None:
        pytest.skip("not built here: scripts/image makes it")
    counts = {}
    for variant in llama.VARIANTS["arm64"]:
        path = built / llama.FOLDER / f"libggml-cpu-{variant.name}.so"
        code = tools.run(["aarch64-linux-gnu-objdump", "-d", path], name="compilers")
        dots = len(re.findall(r"\tsdot\t", code))
        halves = len(re.findall(r"\tfmla\tv\d+\.8h", code))
        counts[variant.name] = (dots > 0, halves > 0)
    assert counts == {"armv8.0_1": (False, False), "armv8.2_1": (True, False), "armv8.2_2": (True, True)}
