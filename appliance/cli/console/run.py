"""The console as it runs: looks, draws when something is another than before, and listens to one key."""

from __future__ import annotations

import os
import select
import signal
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from appliance.cli.console.facts import Ask, Facts
from appliance.cli.console.page import Shown, Surface, picture
from appliance.cli.console.watch import Want, Watch
from appliance.cli.pairing.qr import Modules
from appliance.client.errors import ClientError
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError

_CLEAR: Final = "\x1b[H\x1b[2J\x1b[?25l"
_CURSOR: Final = "\x1b[?25h"
_ENTER: Final = (b"\r", b"\n")
_ENDS: Final = (b"q", b"\x03", b"\x04")


Read = Callable[[str], "tuple[str, Modules]"]
"""The page of a setup code, and the picture of its address. Raises ApplianceError for what is no code."""


def read(code: str) -> tuple[str, Modules]:
    """Read a setup code here, in this process."""
    from appliance.cli.pairing.qr import matrix
    from appliance.identity.setup.code import decode  # and with it the database: not for a console that shows none

    page = decode(code).page()
    return page, matrix(page)


@dataclass(slots=True)
class _Code:
    setup_id: str
    text: str
    page: str
    modules: Modules
    expires_ms: int
    full: bool


class Console:
    """One console. `log` keeps that a code was shown; `write` puts text on the terminal."""

    def __init__(
        self,
        ask: Ask,
        look: Callable[[], Facts],
        surface: Callable[[], Surface],
        *,
        clock: Clock,
        write: Callable[[str], None],
        log: Callable[[str], None],
        read: Read = read,
    ) -> None:
        self._ask = ask
        self._look = look
        self._surface = surface
        self._clock = clock
        self._write = write
        self._log = log
        self._read = read
        self._watch = Watch()
        self._code: _Code | None = None
        self._drawn = ""

    def step(self, *, pressed: bool = False) -> float:
        """Look once, act, draw; return the seconds until the next look."""
        facts, now = self._look(), self._clock.monotonic()
        self._follow(facts)
        want = self._watch.press(facts, now) if pressed else self._watch.see(facts, now)
        if want is Want.MAKE:
            self._watch.made(self._make(facts), now)
        self._draw(facts, again=pressed)
        return self._watch.pause(facts)

    def _follow(self, facts: Facts) -> None:
        """Forget a code that was used or whose time is over."""
        if self._code is None or facts.gateway:
            return
        try:
            status = self._ask("device.pair.setupStatus", {"setupId": self._code.setup_id})
        except (ClientError, TimeoutError):
            return
        if status.get("completion") or status.get("deliveryUncertain") or self._clock.now_ms() >= self._code.expires_ms:
            self._code = None
            self._watch.gone()

    def _make(self, facts: Facts) -> bool:
        try:
            if self._code is not None:
                self._ask("homarus.pair.cancel", {"setupId": self._code.setup_id})
                self._code = None
            answer: dict[str, Any] = self._ask("device.pair.setupCode", {})
            page, modules = self._read(answer["setupCode"])
        except (ApplianceError, TimeoutError, KeyError, OSError) as error:
            self._log(f"no code could be made: {error}")
            return False
        full = answer.get("access") == "full"
        self._code = _Code(answer["setupId"], answer["setupCode"], page, modules, answer["expiresAtMs"], full)
        self._log(f"a setup code is shown ({answer.get('access')} access, {facts.devices} devices are paired)")
        return True

    def _draw(self, facts: Facts, *, again: bool) -> None:
        surface = self._surface()
        shown = None
        if self._code is not None and not facts.gateway:
            left = -(-(self._code.expires_ms - self._clock.now_ms()) // 60_000)
            # What was printed on a line of text stays there: it is not printed again for a minute that went by.
            minutes = None if surface.serial else max(1, left)
            shown = Shown(self._code.text, self._code.page, minutes, self._code.modules, self._code.full)
        text = picture(facts, shown, self._watch.asks(self._clock.monotonic()), surface)
        if text == self._drawn and not again:
            return
        self._drawn = text
        self._write(f"\n{text}\n" if surface.serial else f"{_CLEAR}{text}")


def surface_of(descriptor: int, *, serial: bool, screen: bool) -> Surface:
    """Return the size of a terminal; a serial line is taken for the usual one."""
    if serial:
        return Surface(serial=True)
    try:
        found = os.get_terminal_size(descriptor)
    except OSError:
        return Surface(screen=screen)
    return Surface(found.columns or 80, found.lines or 24, screen=screen)


def keep(console: Console, descriptor: int, *, ends: bool, button: int | None = None) -> None:
    """Show the console until the terminal is gone, or with `ends` until q, Ctrl-C or Ctrl-D.

    `button` is read as the key Enter, whatever comes there.
    """
    waits = [descriptor] if button is None else [descriptor, button]
    pause = console.step()
    while True:
        ready, _, _ = select.select(waits, [], [], pause)
        typed = os.read(descriptor, 256) if descriptor in ready else b""
        if descriptor in ready and not typed:
            return  # hung up
        if ends and any(one in typed for one in _ENDS):
            return
        pressed = any(one in typed for one in _ENTER)
        if button is not None and button in ready:
            pressed = bool(os.read(button, 256)) or pressed
        pause = console.step(pressed=pressed) if pressed or not typed else pause


@contextmanager
def signal_as_key(number: int) -> Iterator[int]:
    """Turn a signal into a descriptor that can be read: the button of a board has no keyboard (homarus-button)."""
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    os.set_blocking(theirs, False)
    before = signal.signal(number, lambda *_: None), signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    try:
        yield ours
    finally:
        signal.set_wakeup_fd(before[1])
        signal.signal(number, before[0])
        os.close(ours)
        os.close(theirs)


@contextmanager
def key_by_key(descriptor: int) -> Iterator[None]:
    """Read keys as they are pressed, without showing them; no key ends the program or stops its output."""
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:
        yield  # no terminal
        return
    now = termios.tcgetattr(descriptor)
    now[tty.IFLAG] &= ~(termios.IXON | termios.IXOFF)
    now[tty.LFLAG] &= ~(termios.ICANON | termios.ECHO | termios.ISIG)
    termios.tcsetattr(descriptor, termios.TCSANOW, now)
    try:
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSANOW, before)


def end(write: Callable[[str], None]) -> None:
    """Leave a terminal as it was found."""
    write(f"{_CURSOR}\n")
