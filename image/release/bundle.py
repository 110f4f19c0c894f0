"""Bundles of RAUC: both parts of a slot in one signed file, of which a box fetches only the blocks that it lacks."""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from image import tools
from image.release.files import sha256

# `rauc bundle` verifies its own result with the purpose of e-mail unless it is told what the certificates are for.
_CONFIGURATION = """\
[system]
compatible={compatible}
bootloader=noop
[keyring]
path={keyring}
check-purpose=codesign
use-bundle-signing-time=false
"""

_MANIFEST = """\
[update]
compatible={compatible}
version={version}
build={build}

[bundle]
format=verity

[image.rootfs]
filename=root.img
adaptive=block-hash-index

[image.boot]
filename=boot.img
adaptive=block-hash-index
"""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs bundles, and the authority that boxes know."""

    key: Path
    certificate: Path
    keyring: Path

    @classmethod
    def of(cls, folder: Path) -> "Signer":
        """Return the signer of a folder that the ceremony or a development build made."""
        return cls(folder / "signer.key", folder / "signer.pem", folder / "keyring.pem")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that is finished. `manifest_hash` is what RAUC calls the hash of the manifest inside."""

    path: Path
    version: str
    compatible: str
    size: int
    sha256: str
    manifest_hash: str


def make(
    target: Path,
    root_img: Path,
    boot_img: Path,
    *,
    compatible: str,
    version: str,
    signer: Signer,
    build: str = "",
    quick: bool = False,
) -> Bundle:
    """Make and sign a bundle; raise ImageError with RAUC's words. `quick` compresses little: for tests."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="bundle.") as name:
        work = Path(name)
        content = work / "content"  # RAUC 1.13 wants it flat
        content.mkdir()
        for source, inside in ((root_img, "root.img"), (boot_img, "boot.img")):
            _link(source.resolve(), content / inside)
        (content / "manifest.raucm").write_text(_MANIFEST.format(compatible=compatible, version=version, build=build))
        conf = _conf(work, compatible, signer)
        words = ["rauc", f"--conf={conf}", f"--cert={signer.certificate}", f"--key={signer.key}"]
        how = f"--mksquashfs-args=-comp zstd -Xcompression-level {1 if quick else 15}"
        tools.run([*words, "bundle", how, content, target], _binds(target, signer))
    return inspect(target, signer, compatible=compatible)


def inspect(path: Path, signer: Signer, *, compatible: str) -> Bundle:
    """Return what a bundle is, its signature being good for the authority of `signer`; raise ImageError otherwise."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="bundle.") as name:
        conf = _conf(Path(name), compatible, signer)
        words = ["rauc", f"--conf={conf}", "info", "--output-format=json", str(path.resolve())]
        told = json.loads(tools.run(words, _binds(path, signer)))
    return Bundle(
        path=path,
        version=told["version"],
        compatible=told["compatible"],
        size=path.stat().st_size,
        sha256=sha256(path),
        manifest_hash=told["hash"],
    )


def _conf(work: Path, compatible: str, signer: Signer) -> Path:
    conf = work / "system.conf"
    conf.write_text(_CONFIGURATION.format(compatible=compatible, keyring=signer.keyring.resolve()))
    return conf.resolve()


def _link(source: Path, target: Path) -> None:
    """Let RAUC read a large file without a copy where that is possible."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _binds(target: Path, signer: Signer) -> list[Path]:
    return [target.resolve().parent, signer.key.resolve().parent, signer.keyring.resolve().parent]
