"""A button on a GPIO line, through the character device of the kernel (include/uapi/linux/gpio.h, version 2)."""

from __future__ import annotations

import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.foundation.errors import ApplianceError
from appliance.host.hardware.board import Button

# struct gpio_v2_line_request: offsets[64], consumer[32], config (flags, num_attrs, padding[5], attrs[10] of 24 bytes),
# num_lines, event_buffer_size, padding[5], fd.
_REQUEST: Final = struct.Struct("=64I32sQI5I240sII5Ii")
_ATTRIBUTE: Final = struct.Struct("=IIQQ")  # id, padding, value, mask of lines
_EVENT: Final = struct.Struct("=QIIII6I")  # timestamp_ns, id, offset, seqno, line_seqno, padding
EVENT_BYTES: Final = _EVENT.size
_GET_LINE: Final = (3 << 30) | (_REQUEST.size << 16) | (0xB4 << 8) | 0x07  # _IOWR(0xB4, 0x07, …)
_ACTIVE_LOW: Final = 1 << 1
_INPUT: Final = 1 << 2
_EDGES: Final = (1 << 4) | (1 << 5)
_PULL_UP: Final = 1 << 8
_DEBOUNCE: Final = 3  # GPIO_V2_LINE_ATTR_ID_DEBOUNCE
_DEBOUNCE_US: Final = 20_000
_RISING: Final = 1


class GpioError(ApplianceError):
    """The line of the button cannot be had."""

    code = "gpio"


@dataclass(frozen=True, slots=True)
class Edge:
    """A button went down, or up; `at_s` on the monotonic clock."""

    down: bool
    at_s: float


def request(button: Button) -> bytes:
    """Return the request for the line: input with pull-up, active when it is low, both edges, free of bounces."""
    attribute = _ATTRIBUTE.pack(_DEBOUNCE, 0, _DEBOUNCE_US, 1)
    flags = _INPUT | _ACTIVE_LOW | _EDGES | _PULL_UP
    offsets = (button.line, *[0] * 63)
    return _REQUEST.pack(*offsets, b"homarus", flags, 1, *[0] * 5, attribute.ljust(240, b"\0"), 1, 0, *[0] * 5, 0)


def open_line(button: Button, root: Path = Path("/")) -> int:
    """Return a descriptor from which events can be read. Raises GpioError."""
    path = root / "dev" / button.chip
    try:
        chip = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            answer = fcntl.ioctl(chip, _GET_LINE, request(button))
        finally:
            os.close(chip)
    except OSError as error:
        raise GpioError(f"line {button.line} of {path} cannot be had: {error.strerror or error}") from error
    return int(_REQUEST.unpack(answer)[-1])


def read_edge(content: bytes) -> Edge:
    """Read one event. Rising is what becomes active: a button that goes down."""
    at_ns, kind = _EVENT.unpack(content)[:2]
    return Edge(kind == _RISING, at_ns / 1e9)
