"""`python -P -m appliance.hostservice.resetting mark|wipe`, as homarus-reset-mark and homarus-reset start it."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from appliance.hostservice.resetting.disk import Disk, ResetError
from appliance.hostservice.resetting.mark import mark
from appliance.hostservice.resetting.wipe import wipe

_FOLDER = Path("/run/homarus-reset")


def main(arguments: list[str]) -> int:
    """Do what the one argument says; 1 where it failed and the journal says why."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        match arguments:
            case ["mark"]:
                mark(Disk())
            case ["wipe"]:
                wipe(Disk(), _FOLDER)
            case _:
                print("usage: resetting mark|wipe", file=sys.stderr)
                return 64
    except ResetError as error:
        logging.getLogger(__name__).error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
