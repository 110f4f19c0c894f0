"""The engine of an image on processors that this machine is not: ggml takes the right variant, and it computes.

The self-test is the product's own; the processors are QEMU's, one program at a time and no system around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from image import tools
from image.cache import cache_folder
from image.payload import environment, llama
from tests.image.kept import kept_tree, newest

pytestmark = [pytest.mark.image, pytest.mark.long]  # some seconds for each processor

_TRIED = """\
import pathlib, llama_cpp
from appliance.engine import selftest
assert selftest.main(pathlib.Path("/dev/null")) == 0
features = llama_cpp.llama_print_system_info().decode()
print(" ".join(sorted(word.split(" = ")[0].split(": ")[-1] for word in features.split(" | ") if " = 1" in word)))
"""


@dataclass(frozen=True, slots=True)
class Box:
    """Where the parts of an architecture's engine are, and how a program of it is run here."""

    arch: str
    libraries: Path
    site: Path
    python: tuple[str, ...]

    def run(self, processor: str, *arguments: str) -> str:
        """Run the engine's Python on a processor; raise ImageError where it ends badly."""
        emulator = {"amd64": "qemu-x86_64", "arm64": "qemu-aarch64"}[self.arch]
        variables = {
            "GGML_NO_BACKTRACE": "1",
            "LLAMA_CPP_LIB_PATH": str(self.libraries),
            "PYTHONPATH": f"{self.site}:{tools.REPOSITORY}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return tools.run(
            [emulator, "-cpu", processor, *self.python, *arguments], name="compilers", environment=variables
        )


def _foreign_python() -> tuple[str, ...] | None:
    """Debian's Python for arm64 with its loader, as the builder unpacks it for this."""
    found = (cache_folder() / "unpacked").glob("*/usr/lib/aarch64-linux-gnu/libgomp.so.1")
    for root in (each.parents[3] for each in found):
        python, folder = root / "usr/bin/python3.13", root / "usr/lib/aarch64-linux-gnu"
        if python.exists():
            return str(folder / "ld-linux-aarch64.so.1"), "--library-path", str(folder), str(python)
    return None


def _box(arch: str) -> Box:
    built, made = newest(f"llama-{arch}"), newest(f"environment-engine-{arch}")
    python = ("/usr/bin/python3",) if arch == "amd64" else _foreign_python()
    if built is None or made is None or python is None or kept_tree("compilers") is None:
        pytest.skip("not built here: scripts/image makes it")
    site = made / environment.folder_of("engine") / environment.SITE
    return Box(arch, built / llama.FOLDER, site, python)


@pytest.mark.parametrize(
    ("arch", "processor", "present", "absent"),
    [
        ("amd64", "Nehalem", {"SSSE3"}, {"AVX", "AVX2"}),
        ("amd64", "Haswell", {"AVX2", "FMA"}, {"AVX512"}),
        ("arm64", "cortex-a72", {"NEON"}, {"DOTPROD", "FP16_VA"}),  # Pi 4
        ("arm64", "cortex-a76", {"NEON", "DOTPROD", "FP16_VA"}, set()),  # Pi 5
    ],
)
def test_the_best_variant_for_a_processor_is_taken_and_decodes_a_model(
    arch: str, processor: str, present: set[str], absent: set[str]
) -> None:
    box = _box(arch)
    said, features = box.run(processor, "-c", _TRIED).splitlines()
    assert said == "the engine decoded a Q8_0 model correctly"
    assert present <= set(features.split())
    assert not absent & set(features.split())
