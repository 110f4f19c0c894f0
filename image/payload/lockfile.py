"""Cuts a universal lock file down to one machine. Run by the Python of the build tools, which has `packaging`.

pip judges markers by the machine it runs on, also when it downloads for another; so they are judged here, and what
comes out has none. Usage: lockfile.py LOCK MARKERS-AS-JSON LEFT-OUT…; prints the lock of the target.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.markers import Marker


def main(arguments: list[str]) -> int:
    """Print the entries that the target installs, without their markers."""
    lock, markers, *left_out = arguments
    for name, entry in entries(Path(lock).read_text("utf-8"), json.loads(markers)):
        if name not in left_out:
            print(entry)
    return 0


def entries(text: str, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield name and entry (with its hashes) of what is installed in `environment`."""
    for entry in re.findall(r"(?m)^\S.*(?:\n[ \t].*)*", text):
        pinned, _, hashes = entry.partition(" \\\n")
        wanted, _, marker = pinned.partition(" ; ")
        if not marker or Marker(marker).evaluate(dict(environment)):
            yield wanted.partition("==")[0], f"{wanted} \\\n{hashes}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
