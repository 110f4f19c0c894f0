"""One call of RAUC, or `start` at every start of the box: `python -P -m appliance.host.tryboot ACTION …`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from appliance.host.running.commands import reboot
from appliance.host.slots import NAMES
from appliance.host.tryboot.firmware import Start, Tryboot, TrybootError


def _start(firmware: Tryboot, reboot: Callable[[], object]) -> int:
    """Mend autoboot.txt; only where the wrong slot runs does this fail, so that nothing begins to work in it."""
    try:
        found = firmware.start()
    except (TrybootError, OSError) as error:
        print(f"tryboot: autoboot.txt could not be looked after: {error}", file=sys.stderr)
        return 0
    if found is not Start.FINE:
        print("tryboot: autoboot.txt was lost and is there again", file=sys.stderr)
    if found is not Start.WRONG_SLOT:
        return 0
    reboot()
    return 1


def main(arguments: list[str], root: Path = Path("/")) -> int:
    """Answer one call of RAUC on standard output; return the exit status."""
    firmware = Tryboot(root)
    try:
        match arguments:
            case ["get-current"]:
                print(firmware.current())
            case ["get-primary"]:
                print(firmware.primary())
            case ["set-primary", slot] if slot in NAMES:
                firmware.set_primary(slot)
            case ["get-state", slot] if slot in NAMES:
                print(firmware.state(slot))
            case ["set-state", slot, "good" | "bad" as state] if slot in NAMES:
                firmware.set_state(slot, state)
            case ["start"]:
                return _start(firmware, reboot)
            case _:
                print(f"tryboot: cannot do {' '.join(arguments) or 'nothing'}", file=sys.stderr)
                return 64
    except (TrybootError, OSError) as error:
        print(f"tryboot: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
