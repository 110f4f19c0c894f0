"""The Python packages of the box: wheels for its architecture, chosen from the lock files and checked by their hashes.

They are fetched by pip on the building machine, whatever its own architecture is, and kept by the content of the lock.
A wheel is an archive of what stands in site-packages: unpacking it here instead of installing it leaves no path of the
building machine behind (the start scripts that pip writes have one) and gives the same bytes every time.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from image.cache import cached, key_of
from image.errors import ImageError
from image.payload.target import PYTHON, Target
from image.tools import REPOSITORY
from scripts import build_llama

# In a lock and not on the box.
LEFT_OUT = {
    "pip": "nothing is installed on a box; only a command of sqlite-utils would ask for it",
    "systemd-python": "has no wheel: Debian's python3-systemd is the same library",
}
_LOCKS = {"gateway": "core", "engine": "engine"}
_RECIPE = 1  # of this module; another one is another wheelhouse


def wheelhouse(name: str, target: Target) -> Path:
    """Return the folder with all wheels of the environment `name` ("gateway", "engine"). Raises ImageError."""
    lock = REPOSITORY / "requirements" / f"{_LOCKS[name]}.txt"
    platforms = target.platforms()
    key = key_of(_RECIPE, lock.read_text("utf-8"), target.markers(), platforms, sorted(LEFT_OUT))
    return cached(f"wheels-{name}-{target.arch}", key, lambda folder: _fetch(lock, target, folder))


def build_python() -> Path:
    """Return the Python that has pip, cmake and the build back-end of llama-cpp-python, made on first need."""
    try:
        return build_llama.build_tools(Path(sys.executable)) / "python"
    except build_llama.BuildError as error:
        raise ImageError(str(error)) from error


def unpack(wheel: Path, site: Path) -> None:
    """Unpack a wheel into site-packages; its scripts and C headers are of no use on a box. Raises ImageError."""
    with zipfile.ZipFile(wheel) as archive:
        for member in sorted(archive.infolist(), key=lambda each: each.filename):
            if (place := _place(member.filename)) is None or member.is_dir():
                continue
            path = site / place
            if not path.resolve().is_relative_to(site.resolve()):
                raise ImageError(f"{wheel.name} holds a path that leads out of its folder: {member.filename}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(member))


def _place(name: str) -> str | None:
    """Return where a member of a wheel goes; None: nowhere (PEP 427, `NAME.data/`)."""
    match = re.match(r"[^/]+\.data/([^/]+)/(.+)", name)
    if match is None:
        return name
    return match[2] if match[1] in ("purelib", "platlib") else None


def _fetch(lock: Path, target: Target, folder: Path) -> None:
    python = build_python()
    wanted = _target_lock(python, lock, target)
    folder.mkdir()
    (folder / "lock.txt").write_text(wanted, "utf-8")
    platforms = [word for each in target.platforms() for word in ("--platform", each)]
    command: list[str | Path] = [
        python,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
    ]
    command += ["--require-hashes", "--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON}"]
    _run([*command, *platforms, "--dest", folder, "--requirement", folder / "lock.txt"])
    count, expected = len(list(folder.glob("*.whl"))), wanted.count("==")
    if count != expected:
        raise ImageError(f"{lock.name} names {expected} packages for {target.arch}, and {count} wheels came")


def _target_lock(python: Path, lock: Path, target: Target) -> str:
    script = Path(__file__).with_name("lockfile.py")
    return _run([python, script, lock, json.dumps(target.markers()), *sorted(LEFT_OUT)])


def _run(command: list[str | Path]) -> str:
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()[-10:]
        raise ImageError("the Python packages of the box could not be fetched:\n" + "\n".join(words))
    return done.stdout
