"""`python3 -m image.payload [ARCH]…`: make the payload of architectures and what the tests of `tests/image` look at.

For CI, so that the cross-build is compiled on every change of it and inspected; nothing is done where nothing changed.
Needs root, as every part of the builder.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from image import layouts, payload, tools
from image.board import load
from image.errors import ImageError


def main(arguments: Sequence[str]) -> int:
    """Make everything; 1 and a sentence if something cannot be made."""
    started = time.monotonic()
    try:
        tools.tree()
        for arch in arguments or ("amd64", "arm64"):
            for part in payload.parts(arch):
                print(f"[image] {time.monotonic() - started:6.1f} s  {part}", flush=True)
        print(f"[image] {time.monotonic() - started:6.1f} s  {_tried()}", flush=True)
    except ImageError as error:
        print(f"[image] {error}", file=sys.stderr)
        return 1
    return 0


def _tried() -> str:
    """Unpack what the libraries of arm64 and the disk of the Pi are tried with; return how many folders it is."""
    board = load("rpi")
    folders = [payload.foreign_python(), *layouts.of(board).firmware(board)]
    return f"{len(folders)} folders of Debian packages, to try them with"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
