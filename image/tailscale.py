"""Tailscale as a part of an image: two programs from the maker's static archive, where the builder names one.

Nothing is fetched unasked and no address stands here: `HOMARUS_TAILSCALE` is a path or an https address in which
`{arch}` stands for amd64 or arm64 (`tailscale_VERSION_{arch}.tgz`), `HOMARUS_TAILSCALE_SHA256` the digests of both
archives, "amd64=HEX arm64=HEX". Without them an image has no Tailscale, and `homarus tailscale` says so. On a box it is
off until its owner joins a tailnet.
"""

import hashlib
import io
import os
import re
import shutil
import tarfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from image.cache import cached, key_of
from image.errors import ImageError

SOURCE = "HOMARUS_TAILSCALE"
DIGESTS = "HOMARUS_TAILSCALE_SHA256"
_FOLDER = "usr/lib/homarus/tailscale"
_PROGRAMS = ("tailscale", "tailscaled")
_MAX_BYTES = 256 << 20
_TIMEOUT_S = 300


def parts(arch: str, environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Return the folder that stands for the root of the box, made if need be; none where nobody asked for it."""
    if not (source := environ.get(SOURCE, "").replace("{arch}", arch)):
        return []
    wanted = dict(re.findall(r"(\w+)=([0-9a-f]{64})(?!\S)", environ.get(DIGESTS, ""))).get(arch)
    if wanted is None:
        raise ImageError(f"{SOURCE} is set: name the SHA-256 of the archive as well, {DIGESTS}='{arch}=…'")

    def make(target: Path) -> None:
        target.mkdir()
        content = _fetch(source)
        if (found := hashlib.sha256(content).hexdigest()) != wanted:
            raise ImageError(f"{source} has the SHA-256 {found}, and {DIGESTS} says {wanted}: take neither for granted")
        unpack(content, target)

    return [cached("tailscale", key_of(wanted, arch), make)]


def unpack(archive: bytes, target: Path) -> None:
    """Put the two programs of an archive below `target`. Raise ImageError if they are not in it."""
    folder = target / _FOLDER
    folder.mkdir(parents=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
            for member in opened:
                name = Path(member.name).name
                inside = opened.extractfile(member) if member.isreg() and name in _PROGRAMS else None
                if inside is not None:
                    with (folder / name).open("wb") as file:
                        shutil.copyfileobj(inside, file)
                    (folder / name).chmod(0o755)
    except (tarfile.TarError, OSError) as error:
        raise ImageError(f"the archive of Tailscale cannot be read: {error}") from error
    if missing := [name for name in _PROGRAMS if not (folder / name).exists()]:
        raise ImageError(f"the archive of Tailscale has no {' and no '.join(missing)}")
    (target / "usr/bin").mkdir(parents=True)
    (target / "usr/bin/tailscale").symlink_to(f"../../{_FOLDER}/tailscale")


def _fetch(source: str) -> bytes:
    try:
        if source.startswith("https://"):
            with urllib.request.urlopen(source, timeout=_TIMEOUT_S) as answer:
                content: bytes = answer.read(_MAX_BYTES + 1)
        else:
            with Path(source).open("rb") as file:
                content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ImageError(f"{source} cannot be had: {error}") from error
    if len(content) > _MAX_BYTES:
        raise ImageError(f"{source} has more than {_MAX_BYTES >> 20} MiB")
    return content
