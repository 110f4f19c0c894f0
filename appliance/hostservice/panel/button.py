"""`python -P -m appliance.hostservice.panel.button [check]`, as homarus-button.service starts it."""

from __future__ import annotations

import logging
import os
import select
import sys
from collections.abc import Callable, Sequence
from typing import Final

from appliance.foundation.clock import SystemClock
from appliance.host.hardware.board import read_hardware
from appliance.host.hardware.gpio import EVENT_BYTES, GpioError, open_line, read_edge
from appliance.host.hardware.light import State, show
from appliance.host.hardware.press import Act, Presses
from appliance.host.running.commands import last_line, run_command

_log = logging.getLogger(__name__)
_TIMEOUT_S: Final = 15.0
_NO_BUTTON: Final = 1  # ExecCondition=: skipped, not failed
# The console takes this as a key: it shows a code to whoever stands in front of the box.
_SHOW: Final = ("systemctl", "kill", "--kill-whom=main", "--signal=SIGUSR1", "homarus-console@*.service")
_RESET: Final = ("systemctl", "--no-block", "start", "homarus-reset-mark.service")


def listen(line: int, presses: Presses, now_s: Callable[[], float], act: Callable[[Act], None]) -> None:
    """Read edges until the line ends, and act."""
    while True:
        ready, _, _ = select.select([line], [], [], presses.wait_s(now_s()))
        wanted = None
        if ready:
            content = os.read(line, EVENT_BYTES)
            if len(content) < EVENT_BYTES:
                return
            edge = read_edge(content)
            wanted = presses.edge(edge.down, edge.at_s)
        wanted = wanted or presses.tick(now_s())
        if wanted is not None:
            act(wanted)


def carry_out(argv: Sequence[str]) -> None:
    """Run a program for whoever stands there; nobody waits for an answer, so the journal has what went wrong."""
    done = run_command(argv, timeout_s=_TIMEOUT_S)
    if done.returncode != 0:
        _log.error("%s: %s", " ".join(argv), last_line(done))


def acting(led: str, run: Callable[[Sequence[str]], None] = carry_out) -> Callable[[Act], None]:
    """Return what does what a press means."""

    def act(wanted: Act) -> None:
        _log.warning("the button says %s", wanted)
        if wanted is Act.SHOW:
            run(_SHOW)
        elif wanted is Act.RESET:
            run(_RESET)
        else:
            show(led, State.HELD if wanted is Act.WARN else State.READY)

    return act


def main(arguments: list[str]) -> int:
    """Listen for ever; with `check` only say whether this board has a button."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    hardware = read_hardware()
    if hardware.button is None:
        return _NO_BUTTON
    if arguments == ["check"]:
        return 0
    try:
        line = open_line(hardware.button)
    except GpioError as error:
        _log.error("%s", error)
        return 2
    listen(line, Presses(hardware.button.hold_s), SystemClock().monotonic, acting(hardware.led))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
