"""llama.cpp for the box: one build per architecture, with variants for processors that ggml chooses from when it loads.

A box is a Pi 4 or a Pi 5, an old Celeron or a new NUC, and the slot is the same. Compiled by the compilers tree, for
arm64 across: under emulation the same compiler takes twelve times the CPU. Kept by the hash of sources, flags and
compiler.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from image import tools
from image.cache import cache_folder, cached, key_of
from image.errors import ImageError
from image.payload import bindings
from image.payload.environment import HOME
from image.payload.target import Target
from scripts import build_llama

FOLDER = f"{HOME}/engine/lib/llama"  # below the root of the box
_TREE = "compilers"
_RECIPE = 1


@dataclass(frozen=True, slots=True)
class Variant:
    """One build of ggml's CPU part: its name there, and what /proc/cpuinfo must list for it."""

    name: str
    features: tuple[str, ...]


_SSE42 = ("sse4_2", "popcnt")
_AVX2 = (*_SSE42, "avx", "avx2", "bmi2", "f16c", "fma")
_ICELAKE = (*_AVX2, "avx512f", "avx512cd", "avx512vl", "avx512dq", "avx512bw", "avx512vbmi", "avx512_vnni")
_DOTPROD = ("asimd", "asimddp")

# Lowest first. What ggml would build besides is left out: steps that no box of ours has, and the one with AMX, whose
# code dies at the first prompt of two tokens with some compilers.
VARIANTS: dict[str, tuple[Variant, ...]] = {
    "amd64": (
        Variant("sse42", _SSE42),  # x86-64-v2: Celerons and Atoms before 2021
        Variant("haswell", _AVX2),
        Variant("alderlake", (*_AVX2, "avx_vnni")),  # N100 and its like
        Variant("icelake", _ICELAKE),  # AVX-512 without AMX
    ),
    "arm64": (
        Variant("armv8.0_1", ("asimd",)),  # Pi 4
        Variant("armv8.2_1", _DOTPROD),
        Variant("armv8.2_2", (*_DOTPROD, "asimdhp")),  # Pi 5: with half-precision arithmetic
    ),
}
_FLAGS = (
    *build_llama.FLAGS,
    "-DGGML_BACKEND_DL=ON",
    "-DGGML_CPU_ALL_VARIANTS=ON",
    "-DGGML_OPENMP=ON",
    "-DLLAMA_BUILD_NUMBER=0",  # else asked from a git repository around the sources, if there is one
    "-DCMAKE_SHARED_LINKER_FLAGS=-s",
    "-DCMAKE_MODULE_LINKER_FLAGS=-s",
)
_ADDS = re.compile(r"ggml_add_cpu_backend_variant\(([\w.]+)[^)]*\)")


def libraries(target: Target) -> Path:
    """Return a folder that holds `usr/lib/homarus/engine/lib/llama` for the architecture. Raises ImageError."""
    made = cached(f"llama-{target.arch}", _key(target), lambda stage: _make(target, stage))
    return made


def facts(target: Target) -> dict[str, object]:
    """Return what the manifest says: version, hash of the sources, variants from the lowest to the highest."""
    version, sha256 = bindings.version()
    return {"llama-cpp-python": version, "sources": sha256, "variants": [each.name for each in VARIANTS[target.arch]]}


def _key(target: Target) -> str:
    names = [(each.name, each.features) for each in VARIANTS[target.arch]]
    compiler = tools.run([f"{target.triplet}-g++", "--version"], name=_TREE).splitlines()[0]
    return key_of(_RECIPE, bindings.version(), _flags(target, Path("source")), names, compiler)


def _flags(target: Target, source: Path) -> list[str]:
    """Return the flags; paths of the building machine do not reach the result (assertions name their file)."""
    mapped = f"-ffile-prefix-map={source}=llama.cpp"
    compilers = {"C": "gcc", "CXX": "g++"}
    across = [
        "-DCMAKE_SYSTEM_NAME=Linux",
        f"-DCMAKE_SYSTEM_PROCESSOR={target.machine}",
        *(f"-D{name}_COMPILER={target.triplet}-{each}" for name, each in (("CMAKE_C", "gcc"), ("CMAKE_CXX", "g++"))),
        "-DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER",
    ]
    return [*_FLAGS, *(f"-DCMAKE_{name}_FLAGS={mapped}" for name in compilers), *across]


def _make(target: Target, stage: Path) -> None:
    say(f"building llama.cpp for {target.arch} in {len(VARIANTS[target.arch])} variants (minutes; kept)")
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="llama-") as folder:
        source = bindings.source(Path(folder))
        _choose(source, target)
        build = Path(folder) / "build"
        tools.run(["cmake", "-S", source, "-B", build, "-G", "Ninja", *_flags(target, source)], name=_TREE)
        cores = os.cpu_count() or 1
        tools.run(["cmake", "--build", build, "--target", "llama", "--parallel", str(cores)], name=_TREE)
        _take(build, target, stage / FOLDER)


def _choose(source: Path, target: Target) -> None:
    """Strike the variants that are not wanted from ggml's list: its build makes all that the list has."""
    listing = source / "ggml" / "src" / "CMakeLists.txt"
    wanted = {each.name for each in VARIANTS[target.arch]}
    text = listing.read_text("utf-8")
    if missing := wanted - set(_ADDS.findall(text)):
        raise ImageError(f"this llama.cpp has no variant {', '.join(sorted(missing))}: change image/payload/llama.py")
    listing.write_text(_ADDS.sub(lambda found: found[0] if found[1] in wanted else "", text), "utf-8")


def _take(build: Path, target: Target, folder: Path) -> None:
    folder.mkdir(parents=True)
    for built in sorted(build.glob("bin/*.so*")):
        shutil.copy2(built, folder / built.name, follow_symlinks=False)
    for variant in VARIANTS[target.arch]:
        if not (folder / f"libggml-cpu-{variant.name}.so").is_file():
            raise ImageError(f"the build of llama.cpp left no variant {variant.name}")
    described = {
        "cpu": list(VARIANTS[target.arch][0].features),
        "variants": {each.name: list(each.features) for each in VARIANTS[target.arch]},
    }
    (folder / "requires.json").write_text(json.dumps(described, indent=1) + "\n", "utf-8")


def say(text: str) -> None:
    """Tell the person at the terminal what takes long."""
    print(f"[image] {text}", file=sys.stderr, flush=True)
