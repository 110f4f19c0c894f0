"""`python -P -m appliance.hostservice.panel.light STATE`, as homarus-led@STATE.service starts it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from appliance.host.hardware.board import read_hardware
from appliance.host.hardware.light import State, show
from appliance.hostservice.frame import RequestError
from appliance.hostservice.systemctl import begin


def set_state(params: Mapping[str, object]) -> Mapping[str, object]:
    """Let the light show `state`. The service of the verbs may not write there, so a unit does."""
    try:
        state = State(str(params.get("state")))
    except ValueError:
        raise RequestError("host_request", f"A light shows one of {', '.join(State)}.") from None
    if not read_hardware().led:
        return {"led": False}
    begin("start", f"homarus-led@{state}.service")
    return {"led": True}


def main(arguments: list[str], root: Path = Path("/")) -> int:
    """Show the state; 0 also where there is no light."""
    if len(arguments) != 1 or arguments[0] not in list(State):
        print(f"usage: light {'|'.join(State)}", file=sys.stderr)
        return 64
    show(read_hardware(root).led, State(arguments[0]), root)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
