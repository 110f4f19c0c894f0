"""The small files without which a box is another one to its devices: keys, certificates, its configuration.

Each nightly copy of the database has them beside it as one archive, mode 0600 as everything here.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from appliance.foundation.atomicfile import write_atomic
from appliance.storage.errors import StorageError

if TYPE_CHECKING:  # imported when a copy is made, once a night
    import tarfile

NAMES: Final = (
    "device.key",
    "gateway.token",
    "homarus.json5",
    "tls/*.pem",
    "tls/*.json",
    "node/device.key",
    "node/*.json",
    "client/device.key",
    "client/*.json",
)
"""Below the state directory. Not `revocations.json`: an old one would let in again whoever was removed since."""

_MAX_FILE_BYTES: Final = 4 * 1024 * 1024
_MAX_FILES: Final = 256


def archive_of(copy: Path) -> Path:
    """Return where the files lie that belong to a copy of the database."""
    return copy.with_suffix(".files.tar")


def pack(root: Path, target: Path) -> list[str]:
    """Write the files of a state directory into one archive; return their names. Raises StorageError."""
    import tarfile

    packed = io.BytesIO()
    found = []
    try:
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, content in _contents(root):
                about = tarfile.TarInfo(name)
                about.size, about.mode = len(content), 0o600
                archive.addfile(about, io.BytesIO(content))
                found.append(name)
        write_atomic(target, packed.getvalue())
    except OSError as error:
        raise StorageError(f"cannot write {target} ({error.strerror}); check the disk and who owns it") from error
    return found


def unpack(archive: Path) -> dict[str, bytes]:
    """Return the files of an archive by name; what does not belong into one is left out. Raises StorageError."""
    import tarfile

    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive, mode="r:") as opened:
            for member in opened:
                inside = opened.extractfile(member) if _belongs(member) else None
                if inside is not None and len(found) < _MAX_FILES:
                    found[member.name] = inside.read(_MAX_FILE_BYTES)
    except FileNotFoundError:
        return {}
    except (OSError, tarfile.TarError) as error:
        raise StorageError(f"{archive} cannot be read ({error}); choose another copy") from error
    return found


def put(root: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files into a state directory. Raises StorageError."""
    for name, content in files:
        path = root / name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomic(path, content)
        except OSError as error:
            raise StorageError(f"cannot write {path} ({error.strerror}); check the disk and who owns it") from error


def _contents(root: Path) -> Iterable[tuple[str, bytes]]:
    paths = [path for name in NAMES for path in sorted(root.glob(name)) if path.is_file() and not path.is_symlink()]
    for path in paths[:_MAX_FILES]:
        content = path.read_bytes()
        if len(content) <= _MAX_FILE_BYTES:
            yield str(path.relative_to(root)), content


def _belongs(member: tarfile.TarInfo) -> bool:
    """An archive that came from elsewhere must not write anywhere else, nor through a link."""
    name = Path(member.name)
    known = any(name.match(one) and len(name.parts) == len(Path(one).parts) for one in NAMES)
    return member.isreg() and known and ".." not in name.parts and not name.is_absolute()
