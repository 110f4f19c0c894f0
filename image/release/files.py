"""Hashes, compression and signatures of files."""

import base64
import hashlib
import shutil
import subprocess
from pathlib import Path

from image.errors import ImageError


def sha256(path: Path) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def compress(source: Path, target: Path, *, level: int = 6) -> None:
    """Compress for a download; the same content gives the same bytes whatever the number of cores."""
    draft = target.with_name(target.name + ".part")
    words = ["xz", f"-{level}", "--threads=0", "--block-size=64MiB", "--stdout", str(source)]
    with draft.open("wb") as file:
        run(words, stdout=file)
    draft.rename(target)


def checksums(folder: Path, names: list[str]) -> Path:
    """Write SHA256SUMS over files of a folder, as sha256sum reads it."""
    path = folder / "SHA256SUMS"
    path.write_text("".join(f"{sha256(folder / name)}  {name}\n" for name in sorted(names)))
    return path


def sign(path: Path, keys: list[Path]) -> Path:
    """Sign the exact bytes of a file with Ed25519 keys (PEM), each a line of base64 in FILE.sig."""
    lines = []
    for key in keys:
        words = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", str(key), "-in", str(path)]
        lines.append(base64.b64encode(run(words)).decode())
    signature = path.with_name(path.name + ".sig")
    signature.write_text("".join(f"{line}\n" for line in lines))
    return signature


def public_line(key: Path) -> str:
    """The public half of an Ed25519 key as a line of base64: the last 32 bytes of its DER form."""
    der = run(["openssl", "pkey", "-in", str(key), "-pubout", "-outform", "DER"])
    return base64.b64encode(der[-32:]).decode() + "\n"


def run(words: list[str], *, stdout: object = subprocess.PIPE) -> bytes:
    """Run a program of the host and return what it wrote; raise ImageError with its last words."""
    if shutil.which(words[0]) is None:
        raise ImageError(f"{words[0]} is not installed: apt-get install {'xz-utils' if words[0] == 'xz' else words[0]}")
    done = subprocess.run(words, stdout=stdout, stderr=subprocess.PIPE)  # type: ignore[call-overload]  # file or PIPE
    if done.returncode != 0:
        raise ImageError(f"{words[0]} failed: {done.stderr.decode(errors='replace').strip()[-500:]}")
    return done.stdout or b""
