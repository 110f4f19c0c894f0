"""The order of a build: keys, root slot, boot slot, disk, and what is said about them."""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from image import apt, keyring, layouts, payload
from image import board as boards
from image.board import EXAMPLE, REPOSITORY
from image.cache import cached, hash_files, key_of
from image.context import Context
from image.errors import ImageError
from image.payload import bill
from image.stages import root as root_stage

# What an image is made from: the last commit that touched one of these gives the time of its files.
SOURCES = ("appliance", "firmware-config", "image", "requirements", "systemd", "web", "pyproject.toml")

_VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,2}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?")


def context(
    board: str, *, version: str | None = None, out: Path | None = None, keys: Path | None = None, fresh: bool = False
) -> Context:
    """Collect what a build of `board` is about. Raises ImageError, for a release also where packages are not signed."""
    found = layouts.configured(boards.load(board))
    version = version or f"{_project_version()}-dev"
    if not _VERSION.fullmatch(version):
        raise ImageError(f"{version} is no version that RAUC compares: write for example 1.4.0 or 1.4.0-beta.2")
    trust = keyring.trust(keys)
    if trust.kind == "release":
        apt.demand_signatures(apt.for_suite(apt.read_sources(), apt.code_name()))
    return Context(
        board=found,
        version=version,
        epoch=_epoch(),
        trust=trust,
        out=(out or REPOSITORY / "build" / "image" / board).resolve(),
        fresh=fresh,
    )


def build(context: Context, say: Callable[[str], None]) -> Path:
    """Make the image and its parts in `context.out`; return the path of the image."""
    board = context.board
    context.out.mkdir(parents=True, exist_ok=True)
    say(f"{board.title}: version {context.version}, keys: {context.trust.kind}")
    root = root_stage.make(context)
    layout = layouts.of(board)
    code = hash_files([REPOSITORY / "image/layouts", REPOSITORY / "firmware-config", EXAMPLE], REPOSITORY)

    def make(target: Path) -> None:
        target.mkdir()
        layout.boot_image(context, root / "kernel", target / "boot.img")
        layout.disk(context, root / "root.img", target / "boot.img", target / "disk.img")

    disk = cached(f"disk-{board.name}", key_of(root.name, code), make, fresh=context.fresh)
    image = context.out / f"homarus-{board.name}-{context.version}.img"
    for old in context.out.glob(f"homarus-{board.name}-*.img"):
        old.unlink()
    for source, target in (
        (disk / "disk.img", image),
        (disk / "boot.img", context.out / "boot.img"),
        (root / "root.img", context.out / "root.img"),
    ):
        target.unlink(missing_ok=True)
        subprocess.run(["cp", "--reflink=auto", "--sparse=always", str(source), str(target)], check=True)
    _manifest(context, root, image)
    return image


def _manifest(context: Context, root: Path, image: Path) -> None:
    facts = json.loads((root / "facts.json").read_text())
    files = {each.name: _file_facts(each) for each in (image, context.out / "root.img", context.out / "boot.img")}
    manifest = {
        "board": context.board.name,
        "version": context.version,
        "build": facts["build"],
        "compatible": context.board.compatible,
        "epoch": context.epoch,
        "keys": context.trust.kind,
        "kernel": {"release": facts["kernel"], "source": context.board.kernel.source},
        "tryboot": context.board.tryboot,
        "stand_ins": _stand_ins(context),
        "payload": payload.facts(context.board.arch),
        "files": files,
        "packages": json.loads((root / "packages.json").read_text()),
    }
    (context.out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    for each in (bill.SBOM, bill.LICENCES):
        shutil.copyfile(root / Path(each).name, context.out / Path(each).name)


def _stand_ins(context: Context) -> list[str]:
    if context.board.layout == "pi" and not context.board.tryboot:
        return [
            "Debian's kernel instead of the maker's: no trial boot, so no automatic return of a failed update",
            "Debian's kernel instead of the maker's: a Raspberry Pi 5 does not start with it, a Raspberry Pi 4 does",
        ]
    return []


def _file_facts(path: Path) -> dict[str, object]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}


def _project_version() -> str:
    match = re.search(r'(?m)^version = "([^"]+)"', (REPOSITORY / "pyproject.toml").read_text())
    if not match:
        raise ImageError("pyproject.toml names no version")
    return match.group(1)


def _epoch() -> int:
    words = ["git", "-C", str(REPOSITORY), "log", "-1", "--format=%ct", "--", *SOURCES]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0 or not done.stdout.strip():
        raise ImageError("the time of the last commit is not known: images are built from a git checkout")
    return int(done.stdout)
