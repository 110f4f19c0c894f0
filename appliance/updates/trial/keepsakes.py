"""The small files of the state over an update: what is copied before it, and what a return puts back.

The rule of a return: what the owner did meanwhile stays. A certificate that was renewed is the one that apps have
pinned, a token that was changed shuts somebody out, an exposure that was narrowed must not open again. The old file
comes back only where this version cannot read what the newer one left; the key of the box always does, for nobody
changes it.
`revocations.json` follows the same rule, and the replayed database says the same: who was removed stays removed.

What is not here needs no copy: blobs are named by their content and never rewritten, model files likewise, and the
states that the engine keeps of prompts are made again where they do not fit.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from appliance.foundation.atomicfile import write_atomic
from appliance.storage.copies import files

EXTRA: Final = (
    "revocations.json",
    "onboarding.json",
    "models/models.lock.json",
    "models/*.json",
    "engine/*.json",
    "learned/*.json",
    "learned/ngram-learned.bin",
)
ARCHIVE: Final = "files.tar"
ALWAYS: Final = frozenset({"device.key"})
_END: Final = ".end"  # of an archive that is whole: a disk may give zeros for its rest, and that is an end for tar
_DIGEST: Final = "HOMARUS.sha256"  # tar has a sum of its own headers only
_MAX_NAMED: Final = 10
_MAX_FILE_BYTES: Final = 16 * 1024 * 1024
_MAX_FILES: Final = 512
_MAX_BYTES: Final = 128 * 1024 * 1024  # in memory, on boards with little of it

Readable = Callable[[str, bytes, bytes], bool]
"""Whether this version can read the file of that name: its content now, and what it was before."""


def pack(state: Path, target: Path) -> list[str]:
    """Write the small files of a state into one archive, flushed; return their names. Raises OSError."""
    packed, found = io.BytesIO(), []
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in _paths(state):
            content = _content(path)
            if content is None or packed.tell() + len(content) > _MAX_BYTES:
                continue
            about = tarfile.TarInfo(str(path.relative_to(state)))
            about.size, about.mode = len(content), 0o600
            about.pax_headers = {_DIGEST: sha256(content).hexdigest()}
            archive.addfile(about, io.BytesIO(content))
            found.append(about.name)
        archive.addfile(tarfile.TarInfo(_END))
    write_atomic(target, packed.getvalue())
    return found


def unpack(archive: Path) -> tuple[Mapping[str, bytes], str]:
    """Return the files of an archive that `pack` wrote, and why some of them cannot be used, "" where all can."""
    found: dict[str, bytes] = {}
    damaged: list[str] = []
    why = "it ends too early"
    try:
        with tarfile.open(archive, mode="r:") as opened:
            for member in opened:
                if member.name == _END:
                    why = ""
                    break
                inside = opened.extractfile(member) if member.isreg() else None
                content = inside.read(_MAX_FILE_BYTES) if inside is not None else b""
                if member.pax_headers.get(_DIGEST) == sha256(content).hexdigest():
                    found[member.name] = content
                else:
                    damaged.append(member.name)
    except (OSError, tarfile.TarError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return found, "; ".join(filter(None, (", ".join(damaged[:_MAX_NAMED]), why)))


def unreadable(state: Path, old: Mapping[str, bytes], readable: Readable) -> dict[str, bytes]:
    """Return the files of `old` that have to come back into `state`."""
    back = {}
    for name, content in old.items():
        now = _content(state / name)
        if now == content:
            continue
        if now is None or name in ALWAYS or not readable(name, now, content):
            # A file of models or of what was learned that the owner removed meanwhile stays removed.
            if now is None and name.partition("/")[0] in ("models", "engine", "learned"):
                continue
            back[name] = content
    return back


def set_aside(aside: Path) -> tuple[str, ...]:
    """Return the names of the small files that lie in `aside`."""
    found = {str(path.relative_to(aside)) for name in (*files.NAMES, *EXTRA) for path in aside.glob(name)}
    return tuple(sorted(found))


def put_back(state: Path, aside: Path, wanted: Mapping[str, bytes]) -> None:
    """Put files in place; what is there goes to `aside`. Raises OSError."""
    for name, content in wanted.items():
        path, place = state / name, aside / name
        if os.path.lexists(path) and not os.path.lexists(place):
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.rename(path, place)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(path, content)


def _paths(state: Path) -> list[Path]:
    names = (*files.NAMES, *EXTRA)
    found = {path for name in names for path in state.glob(name) if path.is_file() and not path.is_symlink()}
    # What makes the box itself comes first: many files of models must not push it out.
    own = {path for name in files.NAMES for path in state.glob(name)}
    return sorted(found, key=lambda path: (path not in own, path))[:_MAX_FILES]


def _content(path: Path) -> bytes | None:
    """Return a small file of the state; None for what is none, also a pipe that would wait for ever."""
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            content = file.read(_MAX_FILE_BYTES + 1)
    except OSError:
        return None
    return content if len(content) <= _MAX_FILE_BYTES else None
