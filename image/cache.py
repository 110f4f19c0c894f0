"""Results of stages, kept by the content of what they were made from.

A result is a file or a folder under the cache folder, `STAGE/KEY`. It appears whole or not at all: it is made beside
its place and renamed. One lock per stage keeps two builds from making the same thing twice.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_KEY_LENGTH = 24  # hexadecimal digits: 96 bits, against accidents
_KEPT = 5  # results of one stage beside the newest; the one that nobody asked for longest goes first


def cache_folder() -> Path:
    """Where results are kept: HOMARUS_IMAGE_CACHE, else `~/.cache/homarus`."""
    return Path(os.environ.get("HOMARUS_IMAGE_CACHE") or Path.home() / ".cache" / "homarus").resolve()


def key_of(*parts: object) -> str:
    """One key over values that JSON can write; the order counts."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_LENGTH]


def hash_files(paths: Iterable[Path], relative_to: Path) -> str:
    """One hash over names, kinds, modes and contents of files and of everything in folders."""
    digest = hashlib.sha256()
    for path in sorted(_walk(paths)):
        state = path.lstat()
        digest.update(f"{path.relative_to(relative_to)}\0{state.st_mode & 0o111:o}\0".encode())
        if path.is_symlink():
            digest.update(b"l" + os.readlink(path).encode())
        elif path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:_KEY_LENGTH]


def _walk(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            yield from (each for each in path.rglob("*") if "__pycache__" not in each.parts)
        elif path.exists() or path.is_symlink():
            yield path


def cached(stage: str, key: str, make: Callable[[Path], None], *, fresh: bool = False) -> Path:
    """Return `CACHE/STAGE/KEY`, made by `make(path)` if it is not there; `make` creates a file or a folder at path."""
    folder = cache_folder() / stage
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / key
    with _locked(folder / ".lock"):
        if place.exists() and not fresh:
            os.utime(place)
            return place
        draft = folder / f"{key}.part"
        remove(draft)
        make(draft)
        remove(place)
        draft.rename(place)
        os.utime(place)  # what is in it may be dated otherwise; age is how long nobody asked for it
        _drop_old(folder, keep=place)
    return place


def remove(path: Path) -> None:
    """Remove a file or a tree, never across a mount."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        if any(each.startswith(f"{path}/") for each in mounted):
            raise OSError(f"something is mounted below {path}: unmount it first")
        try:
            shutil.rmtree(path)
        except PermissionError:
            subprocess.run(["rm", "-rf", "--one-file-system", str(path)], check=True)


def _drop_old(folder: Path, keep: Path) -> None:
    others = [
        each for each in folder.iterdir() if each != keep and not each.name.startswith(".") and each.suffix != ".log"
    ]
    newest_first = sorted(others, key=lambda each: each.stat().st_mtime, reverse=True)
    for each in newest_first[_KEPT:]:
        remove(each)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
