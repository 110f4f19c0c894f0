"""`python -P -m appliance.updates ACTION`: what the units of updates and trials start, each in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final

_TRIAL: Final = "appliance.updates.gate.command"
_INSTALL: Final = "appliance.updates.install.command"
# By name: what waits for the gateway must not load what talks to a server, on the smallest boards.
ACTIONS: Final[Mapping[str, str]] = {
    "prepare-state": _TRIAL,
    "prepare-again": _TRIAL,
    "gate": _TRIAL,
    "deadline": _TRIAL,
    "check": _INSTALL,
    "apply": _INSTALL,
    "rollback": _INSTALL,
    "auto": _INSTALL,
}
_USAGE: Final = 64  # sysexits.h


def main(arguments: list[str]) -> int:
    """Run one action and return its exit status."""
    if len(arguments) != 1 or arguments[0] not in ACTIONS:
        sys.stderr.write(f"usage: python -P -m appliance.updates {' | '.join(ACTIONS)}\n")
        return _USAGE
    act: Callable[[str], int] = import_module(ACTIONS[arguments[0]]).act
    return act(arguments[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
