"""What a Pi's initial RAM file system gets beside what initramfs-tools puts there: which disk, and the box's id.

It is a second archive behind the first (the kernel unpacks one after the other), so that the first needs no building
again when a script changes: under emulation that takes minutes.
"""

from collections.abc import Mapping
from pathlib import Path

from image import tools
from image.errors import ImageError

ROOT = "scripts/local-top/homarus-root"  # run before the root is looked for
MACHINE_ID = "scripts/local-bottom/homarus-machine-id"  # run when it is mounted, before the system in it is started
_ORDER = '/{name} "$@"\n[ -e /conf/param.conf ] && . /conf/param.conf\n'
_MAGIC = b"070701"
_HEAD, _AT_SIZE, _AT_LENGTH = 110, 54, 94  # of an entry, bytes: its header, and where two of its fields stand
_END = "TRAILER!!!"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_DIRECTORY = 0o040755
_PROGRAM = 0o100755
_TEXT = 0o100644
_ALIGN = 4


def extended(first: Path, target: Path, scripts: Mapping[str, str], epoch: int) -> Path:
    """Write `first` with our scripts behind it to `target` and return it; raise ImageError where a place is taken.

    `scripts`: ROOT and MACHINE_ID with their texts.
    """
    content = first.read_bytes()
    folders = tuple(f"{name.rpartition('/')[0]}/" for name in scripts)
    taken = [name for name in names(content, target.parent) if name.removeprefix("./").startswith(folders)]
    if taken:  # the second ORDER would hide them
        raise ImageError(f"the initial RAM file system has {taken[0]}: change image/layouts/pi/initrd.py")
    target.write_bytes(content + bytes(-len(content) % _ALIGN) + archive(scripts, epoch))
    return target


def names(content: bytes, scratch: Path) -> list[str]:
    """Return the names in all archives of an initial RAM file system: plain ones, then one that may be compressed."""
    found: list[str] = []
    at = 0
    while at < len(content):
        if content.startswith(_MAGIC, at):
            at = _walk(content, at, found)
        elif content.startswith(_ZSTD_MAGIC, at):
            packed = scratch / "packed"
            packed.write_bytes(content[at:])
            listed = tools.run(["sh", "-c", 'zstdcat "$1" | cpio --list --quiet', "sh", packed], [scratch])
            packed.unlink()
            return [*found, *listed.splitlines()]
        else:
            raise ImageError("the initial RAM file system is neither plain nor packed with zstd")
        at += len(content[at:]) - len(content[at:].lstrip(b"\0"))  # archives are padded with zeros
    return found


def _walk(content: bytes, at: int, found: list[str]) -> int:
    """Collect the names of the plain archive that begins at `at`; return where it ends."""
    while content.startswith(_MAGIC, at) and len(content) >= at + _HEAD:
        size, length = (int(content[at + each : at + each + 8], 16) for each in (_AT_SIZE, _AT_LENGTH))
        name = content[at + _HEAD : at + _HEAD + length - 1].decode("utf-8", "replace")
        at = _aligned(_aligned(at + _HEAD + length) + size)
        if name == _END:
            return at
        found.append(name)
    raise ImageError("the initial RAM file system is cut off")


def _aligned(at: int) -> int:
    return at + -at % _ALIGN


def archive(scripts: Mapping[str, str], epoch: int) -> bytes:
    """Return the second archive, in the form `newc` (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    entries = [("scripts", _DIRECTORY, b"")]
    for name, text in scripts.items():
        folder = name.rpartition("/")[0]
        entries += [
            (folder, _DIRECTORY, b""),
            (f"{folder}/ORDER", _TEXT, _ORDER.format(name=name).encode()),
            (name, _PROGRAM, text.encode()),
        ]
    entries.append((_END, 0, b""))
    return b"".join(_entry(number, epoch, *each) for number, each in enumerate(entries, 1))


def _entry(number: int, epoch: int, name: str, mode: int, content: bytes) -> bytes:
    links, user, group, device, check = 1, 0, 0, 0, 0
    encoded = name.encode() + b"\0"
    fields = (
        number,
        mode,
        user,
        group,
        links,
        epoch,
        len(content),
        device,
        device,
        device,
        device,
        len(encoded),
        check,
    )
    head = _MAGIC + b"".join(b"%08X" % field for field in fields) + encoded
    return head + bytes(-len(head) % _ALIGN) + content + bytes(-len(content) % _ALIGN)
