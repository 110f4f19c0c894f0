"""The application in the image: the package, its Python environments, llama.cpp, and the list of what all of it is.

Everything is made on the building machine for the box's architecture and kept by content; nothing is compiled or
downloaded on a box. It knows the layout below /usr/lib/homarus and must not know partitions or boots.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from image import tailscale
from image.payload import application, bill, environment, llama
from image.payload.target import target
from image.stages import base

__all__ = ["DEBIAN_PACKAGES", "bill", "facts", "foreign_python", "install", "parts"]

# What the application needs of Debian, beside what the box itself needs.
DEBIAN_PACKAGES = (
    "python3",  # with its whole standard library
    "python3-systemd",  # readiness, watchdog and journal fields
    "libgomp1",  # threads of llama.cpp
    "libstdc++6",  # llama.cpp is C++
)


def parts(arch: str) -> list[Path]:
    """Return the folders that make the payload of an architecture, made if need be. Their names are keys of content.

    Each holds a tree that stands for the root of the box. Raises ImageError.
    """
    of = target(arch)
    made = [environment.environment(name, of) for name in ("gateway", "engine")]
    return [*made, llama.libraries(of), application.application(), *tailscale.parts(arch)]


def install(tree: Path, board: str, arch: str, version: str = "") -> None:
    """Put /usr/lib/homarus/{app,venv,engine} and /usr/bin/homarus into a root tree. Raises ImageError.

    Then say what the tree holds: `bill.SBOM` and `bill.LICENCES`, with the board's name and the image's version. The
    application is the same for all boards of an architecture: processors differ, and ggml chooses on the box.
    """
    for part in parts(arch):
        shutil.copytree(part, tree, symlinks=True, dirs_exist_ok=True)
    home = tree / environment.folder_of("engine")
    record = {
        "python": f"/{environment.folder_of('engine')}/bin/python3",
        "libraries": f"/{environment.folder_of('engine')}/lib/llama",
        "state": "ok",
        "reason": "",
    }
    (home / "engine.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    bill.write(tree, board, arch, version or "unnamed")


def foreign_python() -> Path:
    """Return a folder with Debian's Python for arm64, unpacked: an emulator runs the engine's self-test with it."""
    return base.unpacked(("python3", "libgomp1", "libstdc++6"), "arm64")


def facts(arch: str) -> dict[str, object]:
    """Return what the manifest says of the payload: version of llama.cpp and its variants."""
    return llama.facts(target(arch))
