"""A root slot: base, application and our files put together, sealed and packed. About a minute, kept by its key."""

import json
import shutil
import subprocess
import tempfile
import uuid
from dataclasses import asdict, replace
from pathlib import Path

from image import layouts, payload
from image.board import REPOSITORY
from image.cache import cached, hash_files, key_of, remove
from image.context import Context
from image.errors import ImageError
from image.payload import bill
from image.stages import base, overlay, seal, times

# Times inside the base root; constant, so that a commit does not make it anew.
_BASE_EPOCH = 1735689600  # 2025-01-01
_MIB = 1024 * 1024
_BUILD_DIGITS = 12
_CODE = ("image/stages", "image/layouts", "image/rootfs", "firmware-config", "systemd")


def key(context: Context, parts: list[Path]) -> str:
    """What a root slot depends on."""
    trust = hash_files(context.trust.files, context.trust.keyring.parent)
    return key_of(
        base.key(context.board, _BASE_EPOCH),
        asdict(context.board),
        [f"{each.parent.name}/{each.name}" for each in parts],
        hash_files([REPOSITORY / each for each in _CODE], REPOSITORY),
        [context.version, context.epoch, context.trust.kind, trust],
    )


def make(context: Context) -> Path:
    """Return a folder with root.img, kernel/{vmlinuz,initrd.img}, the bill of materials, packages.json, facts.json."""
    board = context.board
    if context.fresh:  # before they are listed, and put on the disk
        layouts.of(board).firmware(board, fresh=True)
    bottom = base.make(board, _BASE_EPOCH, fresh=context.fresh)
    parts = payload.parts(board.arch)
    own = key(context, parts)

    def build(target: Path) -> None:
        target.mkdir()
        # Beside the result, not in it, and gone when it is done: the tree is several times the image.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".root-") as scratch:
            tree = Path(scratch) / "root"
            subprocess.run(["cp", "-a", "--reflink=auto", str(bottom), str(tree)], check=True)
            _build(replace(context, build=own[:_BUILD_DIGITS]), tree, target, own, parts)
            remove(tree)

    return cached(f"root-{board.name}", own, build, fresh=context.fresh)


def _build(context: Context, tree: Path, target: Path, own: str, parts: list[Path]) -> None:
    board = context.board
    (target / "packages.json").write_text(json.dumps(base.versions(tree), indent=1) + "\n")
    payload.install(tree, board.name, board.arch, context.version)
    for part in parts:
        times.fix(tree, part, context.epoch)
    for name in (bill.SBOM, bill.LICENCES):
        shutil.copyfile(tree / name, target / Path(name).name)
    subprocess.run(["chown", "-hR", "0:0", str(tree / "usr/lib/homarus")], check=True)
    overlay.apply(tree, context)
    release = seal.take_kernel(tree, target / "kernel")
    seal.clean(tree)
    seal.compile_python(tree)
    times.bound(tree, context.epoch)
    image = target / "root.img"
    seal.pack(tree, image, context.epoch, str(uuid.uuid5(uuid.NAMESPACE_OID, f"homarus {own}")))
    if image.stat().st_size > board.partitions.root_mib * _MIB:
        size = image.stat().st_size / _MIB
        raise ImageError(f"the root is {size:.0f} MiB and its slot {board.partitions.root_mib}: change the board")
    facts = {"kernel": release, "build": context.build, "root_bytes": image.stat().st_size}
    (target / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")
