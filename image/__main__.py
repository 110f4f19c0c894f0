"""`python3 -m image BOARD`: build the image of a board."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from image import board as boards
from image import build
from image.context import Context
from image.errors import ImageError
from image.stages import twice


def main(arguments: Sequence[str]) -> int:
    """Run the command line; 1 and a sentence if the build cannot go on."""
    parser = argparse.ArgumentParser(prog="scripts/image", description="build a disk image of Homarus")
    parser.add_argument("board", metavar="BOARD", help=f"one of: {', '.join(boards.names())}")
    parser.add_argument("--version", help="version of the image (default: the project's, with -dev)")
    parser.add_argument("--out", type=Path, help="where results go (default: build/image/BOARD)")
    parser.add_argument("--keys", type=Path, help="keyring.pem and channel.pub of a release; else development keys")
    parser.add_argument("--fresh", action="store_true", help="fetch Debian's packages anew: for releases")
    parser.add_argument("--twice", action="store_true", help="build the root slot a second time and compare")
    options = parser.parse_args(arguments)
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[image] {time.monotonic() - started:6.1f} s  {text}", flush=True)

    try:
        asked = build.context(
            options.board, version=options.version, out=options.out, keys=options.keys, fresh=options.fresh
        )
        if options.twice:
            return _twice(asked, say)
        image = build.build(asked, say)
    except ImageError as error:
        print(f"[image] {error}", file=sys.stderr)
        return 1
    say(f"{image} ({image.stat().st_size / 1e6:.0f} MB)")
    return 0


def _twice(asked: Context, say: Callable[[str], None]) -> int:
    found = twice.check(asked, say)
    for each in found:
        say(f"differs: {each}")
    say("not the same" if found else "the root slot is the same, byte for byte")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
