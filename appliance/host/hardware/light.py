"""A light that says how the box is, by the triggers that the kernel blinks with (Documentation/leds/ledtrig-*)."""

from __future__ import annotations

import enum
import logging
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)


class State(enum.StrEnum):
    """What the light tells."""

    STARTING = "starting"
    READY = "ready"
    PAIRING = "pairing"
    UPDATING = "updating"
    PROBLEM = "problem"
    HELD = "held"
    """The button is held down: a little longer, and the box forgets everything."""


# Milliseconds on and off; None is steady light.
_BLINKS: Final[dict[State, tuple[int, int] | None]] = {
    State.STARTING: (500, 500),
    State.READY: None,
    State.PAIRING: (200, 200),
    State.UPDATING: (1800, 200),
    State.PROBLEM: (100, 1400),
    State.HELD: (60, 60),
}


def show(led: str, state: State, root: Path = Path("/")) -> bool:
    """Let the light show a state; False where there is none, or it cannot be set."""
    folder = root / "sys/class/leds" / led
    if not led or not folder.is_dir():
        return False
    blink = _BLINKS[state]
    try:
        if blink is None:
            (folder / "trigger").write_text("default-on")
        else:
            (folder / "trigger").write_text("timer")  # its two files exist from now on
            (folder / "delay_on").write_text(str(blink[0]))
            (folder / "delay_off").write_text(str(blink[1]))
    except OSError as error:
        _log.warning("the light %s cannot be set: %s", led, error.strerror or error)
        return False
    return True
