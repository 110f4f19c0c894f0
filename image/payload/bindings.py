"""The Python part of llama-cpp-python, without the library it would compile: the box's libraries are built apart.

It is plain Python and serves every architecture; the wheel says otherwise in its name only.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from image.cache import cache_folder, cached, key_of
from image.errors import ImageError
from image.payload.wheels import build_python
from image.tools import REPOSITORY
from scripts import build_llama

_RECIPE = 1
_T = TypeVar("_T")


def version() -> tuple[str, str]:
    """Return version and SHA-256 of the archive that holds llama.cpp and its bindings. Raises ImageError."""
    return _said(build_llama.pinned)


def archive() -> Path:
    """Return the archive, fetched by pip and checked against requirements/llama.txt."""
    made = cached("llama-archive", key_of(version()), _download)
    return next(made.glob("*.tar.gz"))


def wheel() -> Path:
    """Return the wheel of the bindings alone."""
    lock = (REPOSITORY / "requirements" / "build.txt").read_text("utf-8")
    made = cached("llama-bindings", key_of(_RECIPE, version(), lock), _build)
    return next(made.glob("*.whl"))


def source(scratch: Path) -> Path:
    """Unpack llama.cpp below `scratch` and return its folder."""
    return _said(lambda: build_llama.unpack(archive(), scratch))


def _download(folder: Path) -> None:
    folder.mkdir()
    tools = build_python().parent
    _said(lambda: build_llama.fetch_archive(tools, folder))


def _build(folder: Path) -> None:
    folder.mkdir()
    python = build_python()
    options = [f"--config-settings=cmake.define.{name}=OFF" for name in ("LLAMA_BUILD", "LLAVA_BUILD")]
    command = [str(python), "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]
    command += ["--no-cache-dir", "--no-build-isolation", *options, "-w", str(folder), str(archive())]
    with tempfile.TemporaryDirectory(dir=cache_folder()) as scratch:
        command += [f"--config-settings=build-dir={scratch}"]
        _said(lambda: build_llama.run(command, "the bindings of llama.cpp could not be made", path=python.parent))


def _said(work: Callable[[], _T]) -> _T:
    try:
        return work()
    except (build_llama.BuildError, OSError, subprocess.SubprocessError) as error:
        raise ImageError(str(error)) from error
