"""The picture of the console. Pure: facts and a code in, text out.

A screen shows everything at once, the code to scan beside the words. A line of text (serial) gets the same one below
the other, the picture as colours of spaces: ASCII, square on every terminal, whatever its letters look like.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from appliance.cli.console.facts import Facts
from appliance.cli.pairing.qr import Modules, blocks, extent
from appliance.foundation.visible import harmless

_WHITE: Final = "\x1b[47m"
_BLACK: Final = "\x1b[40m"
_RESET: Final = "\x1b[0m"
_GAP: Final = 2
_NARROW: Final = 36
_WIDE: Final = 79
_MAX_PROBLEMS: Final = 5
_MAX_PAGES: Final = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """A live code: the text for apps, the page for browsers, how many minutes are left; None leaves that open.

    `modules` is the picture of the page's address, dark is True, with its light border.
    """

    code: str
    page: str
    minutes: int | None
    modules: Modules
    full: bool = True


@dataclass(frozen=True, slots=True)
class Surface:
    """Where the picture goes. A `serial` line has no size that anybody knows; beside a `screen` is one for logins."""

    columns: int = 80
    lines: int = 24
    serial: bool = False
    screen: bool = False


def picture(facts: Facts, shown: Shown | None, asks: bool, surface: Surface) -> str:
    """Return the whole picture. `asks`: whoever pressed a key is asked whether they mean it."""
    if surface.serial:
        parts = ["\n".join(_words(facts, shown, asks, surface, surface.columns - 1))]
        if shown is not None:
            parts += [f"Setup code for the app: {shown.code}", _spaces(shown.modules)]
        return "\n\n".join(parts)
    wide, high = extent(shown.modules) if shown is not None else (0, 0)
    left = surface.columns - wide - _GAP
    if shown is None or left < _NARROW or high > surface.lines:
        words = _words(facts, shown, asks, surface, surface.columns - 1)
        return "\n".join(_cut(words, surface.lines))
    words = _cut(_words(facts, shown, asks, surface, left), surface.lines)
    code = blocks(shown.modules).split("\n")
    rows = max(len(words), len(code))
    words += [""] * (rows - len(words))
    code += [""] * (rows - len(code))
    return "\n".join(f"{text:<{left + _GAP}}{one}".rstrip(" ") for text, one in zip(words, code, strict=True))


def _cut(words: list[str], lines: int) -> list[str]:
    """What does not fit is left out at the end, and that it is missing is said."""
    return words if len(words) <= lines else [*words[: lines - 1], "… more: homarus doctor"]


def _words(facts: Facts, shown: Shown | None, asks: bool, surface: Surface, width: int) -> list[str]:
    blocks = [
        [f"Homarus  {facts.name}", *_made(facts)],
        _where(facts),
        _pairing(facts, shown, asks),
        _wifi(facts),
        [facts.update] if facts.update else [],
        _wrong(facts),
        ["A login prompt: Alt+F2. Back here: Alt+F1."] if surface.screen else [],
    ]
    lines: list[str] = []
    for block in blocks:
        if block:
            lines += ["", *_wrapped(block, width)] if lines else _wrapped(block, width)
    return lines


def _wrapped(block: Iterable[str], width: int) -> list[str]:
    lines: list[str] = []
    for one in block:
        text = harmless(one).replace("\n", " ").replace("\t", " ")
        inside = "    " if text.startswith("  ") else ""
        whole = width >= _WIDE and text.startswith("  http")  # whoever copies a link needs it in one piece
        lines += (
            [text] if whole else textwrap.wrap(text, width, subsequent_indent=inside, break_on_hyphens=False) or [""]
        )
    return lines


def _made(facts: Facts) -> list[str]:
    box = facts.box
    if box is None:
        return [f"Version {facts.version}"]
    lines = [f"Version {box.version} for {box.board}"]
    if box.keys == "development":
        lines.append("DEVELOPMENT KEYS: this image takes updates from whoever built it. Not for daily use.")
    if box.board.startswith("rpi") and not box.tryboot:
        lines.append("Its kernel is a stand-in: no update can be tried once (no tryboot), and it starts no Pi 5.")
    return lines


def _where(facts: Facts) -> list[str]:
    if facts.gateway:
        found = f" Its addresses: {', '.join(facts.addresses[:_MAX_PAGES])}." if facts.addresses else ""
        return [f"The assistant does not answer: {facts.gateway}{found}"]
    if facts.near_only:
        return ["Only this box itself reaches the assistant (exposure: loopback)."]
    if not facts.addresses:
        return ["No network: plug in a cable, or set up the Wi-Fi."]
    return ["Open in a browser:", *(f"  {page}" for page in facts.pages[:_MAX_PAGES])]


def _pairing(facts: Facts, shown: Shown | None, asks: bool) -> list[str]:
    if asks:
        count = f"{facts.devices} device{'s are' if facts.devices != 1 else ' is'} paired."
        return [f"{count} A new code gives whoever scans it full access to this box. Enter once more shows it."]
    if shown is not None:
        gives = "full access" if shown.full else "limited access, as nothing is encrypted here"
        return [
            "To pair: scan the picture with the camera of a phone, or open this link:",
            f"  {shown.page}",
            f"It gives {gives}, once, {_time(shown.minutes)}. Enter: a new code.",
        ]
    if facts.gateway:
        return []
    if facts.near_only:
        return ['A phone gets in after `homarus config set gateway.bind lan`, or with exposure = "lan" on the card.']
    if facts.devices:
        return [f"Paired devices: {facts.devices}. Enter: a code for another one. Who stands here may let devices in."]
    return ["Enter: a code to pair the first device with."]


def _time(minutes: int | None) -> str:
    return "within ten minutes" if minutes is None else f"for {minutes} minute{'s' if minutes != 1 else ''}"


def _wifi(facts: Facts) -> list[str]:
    point = facts.wifi
    if point is None:
        return []
    return [
        "To set up the Wi-Fi, join this network with a phone and open the page:",
        f"  network  {point.ssid}",
        f"  password {point.key}",
        f"  page     {point.page}",
    ]


def _wrong(facts: Facts) -> list[str]:
    if not facts.problems:
        return [] if facts.gateway else ["Health: nothing is wrong."]
    lines = ["Health:"]
    for problem in facts.problems[:_MAX_PROBLEMS]:
        lines.append(f"- {problem.text} {problem.fix}".rstrip())
    if len(facts.problems) > _MAX_PROBLEMS:
        lines.append(f"- and {len(facts.problems) - _MAX_PROBLEMS} more: `homarus doctor`")
    return lines


def _spaces(modules: Modules) -> str:
    """Return the code as coloured spaces, two a module; its border is one module, so that it fits 80 columns."""
    inner = [row[1:-1] for row in modules[1:-1]]
    return "\n".join(
        "".join(f"{_BLACK if dark else _WHITE}{'  ' * len(list(run))}" for dark, run in groupby(row)) + _RESET
        for row in inner
    )
