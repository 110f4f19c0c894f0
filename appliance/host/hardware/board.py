"""What the data of a board say of its light and its button: `[hardware]` of its board.toml, as the image has it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_FILE: Final = "usr/lib/homarus/hardware.json"
_LED: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_CHIP: Final = re.compile(r"gpiochip\d{1,3}")
_MAX_BYTES: Final = 64 * 1024
_HOLD_S: Final = 10


@dataclass(frozen=True, slots=True)
class Button:
    """A line of a GPIO chip that a button pulls to ground; held for `hold_s` seconds it resets the box."""

    chip: str
    line: int
    hold_s: int = _HOLD_S


@dataclass(frozen=True, slots=True)
class Hardware:
    """`led`: a name below /sys/class/leds, "" for none."""

    led: str = ""
    button: Button | None = None


def read_hardware(root: Path = Path("/")) -> Hardware:
    """Return what this board has; nothing on a machine that is no box of ours, or whose data say nothing."""
    try:
        with (root / _FILE).open("rb") as file:
            told = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError):
        return Hardware()
    table: dict[str, Any] = told if isinstance(told, dict) else {}
    led = table.get("status_led")
    return Hardware(led if isinstance(led, str) and _LED.fullmatch(led) else "", _button(table.get("button")))


def _button(told: object) -> Button | None:
    match told:
        case {"chip": str(chip), "line": int(line), **rest} if _CHIP.fullmatch(chip) and 0 <= line < 1024:
            hold = rest.get("hold_s", _HOLD_S)
            return Button(chip, line, hold if isinstance(hold, int) and hold > 0 else _HOLD_S)
    return None
