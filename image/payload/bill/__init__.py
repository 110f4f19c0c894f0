"""What is in an image: a bill of materials (CycloneDX) and a list of licences, from the finished tree.

It reads what packages say of themselves and must not know how they came there.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from image.apt import SUITE
from image.board import load
from image.payload.bill import boot, debian, document, ours, python
from image.payload.bill.component import Component
from image.payload.environment import HOME
from image.payload.target import target
from image.payload.wheels import wheelhouse

__all__ = ["LICENCES", "SBOM", "Component", "components", "write"]

SBOM = f"{HOME}/sbom.cdx.json"  # below the root of the box
LICENCES = f"{HOME}/licences.txt"


def write(tree: Path, board: str, arch: str, version: str) -> None:
    """Write both files into a tree that holds Debian's packages and the application. Raises ImageError."""
    found = components(tree, board, arch)
    (tree / SBOM).write_text(document.cyclonedx(board, version, found), "utf-8")
    (tree / LICENCES).write_text(document.licences(board, version, found, ours.texts()), "utf-8")


def components(tree: Path, board: str, arch: str) -> list[Component]:
    """Return everything in the tree and before it, ours first, Debian's last."""
    return [
        ours.llama(tree),
        *ours.models(tree),
        *ours.web(),
        *python.components(tree, _wheels(arch)),
        *boot.components(load(board), SUITE),
        *debian.components(tree, SUITE),
    ]


def _wheels(arch: str) -> dict[str, str]:
    """Return name-version and SHA-256 of each wheel that was unpacked."""
    found = {}
    for name in ("gateway", "engine"):
        for wheel in wheelhouse(name, target(arch)).glob("*.whl"):
            package, version = re.split(r"-", wheel.name)[:2]
            found[f"{python.normal(package)}-{version}".lower()] = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return found
