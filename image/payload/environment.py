"""The two Python environments of the box, put together by hand: the gateway's and the engine's.

Each is what `python3 -m venv` makes, without pip and without activation: a virtual environment of Debian's Python with
the wheels of its lock, compiled for good (the root file system is read-only).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from image import tools
from image.cache import cached, hash_files, key_of
from image.payload import bindings, compiled, wheels
from image.payload.target import PYTHON, Target
from image.tools import REPOSITORY

HOME = "usr/lib/homarus"  # below the root of the box
SITE = f"lib/python{PYTHON}/site-packages"
_APPLICATION = "../../../../app\n"  # seen from site-packages: a .pth file counts from where it stands
_JOURNAL = "/usr/lib/python3/dist-packages/systemd"  # Debian's python3-systemd: this module and nothing else of there
# What no running box reads: tests, types for checkers, sources of compiled modules.
_UNUSED_FOLDERS = ("tests", "__pycache__", "include", "f2py")
_UNUSED_FILES = ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.h", "*.cpp", "*.hpp", "*.a")


def environment(name: str, target: Target) -> Path:
    """Return a folder that holds `usr/lib/homarus/{venv|engine}` of the environment `name`. Raises ImageError."""
    house = wheels.wheelhouse(name, target)
    extra = [bindings.wheel()] if name == "engine" else []
    sources = hash_files([Path(__file__).parent], REPOSITORY)
    key = key_of(sources, house.name, [each.parent.name for each in extra])
    found = sorted([*house.glob("*.whl"), *extra])
    return cached(f"environment-{name}-{target.arch}", key, lambda stage: _make(name, target, found, stage))


def folder_of(name: str) -> str:
    """Where the environment `name` stands on the box, below its root."""
    return f"{HOME}/{'venv' if name == 'gateway' else name}"


def _make(name: str, target: Target, found: list[Path], stage: Path) -> None:
    home = stage / folder_of(name)
    site = home / SITE
    site.mkdir(parents=True)
    for wheel in found:
        wheels.unpack(wheel, site)
    _trim(site)
    _strip(site, target)
    (home / "bin").mkdir()
    for link in ("python3", "python"):
        (home / "bin" / link).symlink_to("/usr/bin/python3" if link == "python3" else "python3")
    settings = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {PYTHON}\n"
    (home / "pyvenv.cfg").write_text(settings, "utf-8")
    (site / "homarus.pth").write_text(_APPLICATION, "utf-8")
    if name == "gateway":
        (site / "systemd").symlink_to(_JOURNAL)
    compiled.compile_below(stage)


def _trim(site: Path) -> None:
    for folder in [each for name in _UNUSED_FOLDERS for each in site.rglob(name)]:
        shutil.rmtree(folder, ignore_errors=True)
    for pattern in _UNUSED_FILES:
        for path in site.rglob(pattern):
            path.unlink()


def _strip(site: Path, target: Target) -> None:
    """Take symbols for debuggers out of compiled modules: 30 MB of both environments.

    Not out of the libraries that a wheel brings along (NAME.libs): those were patched, and stripping may break them.
    """
    modules = sorted(each for each in site.rglob("*.so") if not each.parent.name.endswith(".libs"))
    tools.run([f"{target.triplet}-strip", "--strip-unneeded", *modules], [site], name="compilers")
