"""Other versions of a root slot: the built one with a few files changed, so that an update has something to install.

The slot is unpacked and packed again with the same tools as the build; what is made is kept by its content.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from image.cache import cached, key_of, remove
from tests.image import tools

_APP = "usr/lib/homarus/app/appliance"
_BOX = "usr/lib/homarus/box.json"
_EPOCH = 1_800_000_000  # of the file system only
_PACKING = ("--mkfs-time", "--preserve-mtime", "-x-1")


@dataclass(frozen=True, slots=True)
class Variant:
    """A version: `files` are written over the tree, `added` is appended to files of it."""

    version: str
    files: Mapping[str, str] = field(default_factory=dict)
    added: Mapping[str, str] = field(default_factory=dict)


NEXT = Variant("0.2.0", {"usr/lib/homarus/marker": "second version\n"})

# The gateway cannot start: the fault that everybody thinks of.
DEAD = Variant("0.3.0", added={f"{_APP}/daemon/gateway.py": '\nraise RuntimeError("broken on purpose")\n'})

# The gateway is up and takes messages, but its model is nonsense, after its migration changed what was stored.
SPOILED = Variant(
    "0.4.0",
    files={f"{_APP}/understanding/weights/homarus-mini.gguf": "no model\n"},
    added={
        f"{_APP}/sessions/migrations.py": """
MIGRATIONS = (
    *MIGRATIONS,
    Migration(
        "sessions:9999_spoiled",
        "ALTER TABLE sessions ADD COLUMN spoiled TEXT;"
        "UPDATE entries SET message = json_set(message, '$.content', 'spoiled');",
    ),
)
"""
    },
)


def root_image(built: Path, variant: Variant) -> Path:
    """Return the root slot `built` as that variant."""
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    key = key_of(_PACKING, digest, variant.version, dict(variant.files), dict(variant.added))
    return cached("variants", key, lambda place: _make(built, variant, place))


def _make(built: Path, variant: Variant, place: Path) -> None:
    tree = place.with_suffix(".tree")
    remove(tree)
    tools.run("fsck.erofs", f"--extract={tree}", "--xattrs", built)
    _version(tree, variant.version)
    for path, text in variant.files.items():
        (tree / path).write_text(text)
    for path, text in variant.added.items():
        file = tree / path
        file.write_text(file.read_text("utf-8") + text, "utf-8")
        for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
            compiled.unlink()  # it is never compared with its source on a read-only root
    # As the build packs it: the more blocks are the same, the less a box fetches.
    tools.run("mkfs.erofs", "--quiet", f"-T{_EPOCH}", *_PACKING, "-L", "homarus", place, tree)
    remove(tree)


def _version(tree: Path, version: str) -> None:
    box = tree / _BOX
    facts = json.loads(box.read_text())
    box.write_text(json.dumps({**facts, "version": version, "build": f"{facts['build']}-{version}"}, indent=1) + "\n")
    release = tree / "usr/lib/os-release"
    release.write_text(re.sub(r"(?m)^IMAGE_VERSION=.*$", f"IMAGE_VERSION={version}", release.read_text()))
