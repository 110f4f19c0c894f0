"""When a console shows a code, makes another one, asks first, and draws again."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

from appliance.cli.console.apart import apart
from appliance.cli.console.facts import Facts
from appliance.cli.console.page import Surface
from appliance.cli.console.run import Console, keep, key_by_key, read, signal_as_key
from appliance.cli.console.watch import Want, Watch
from appliance.client.errors import GatewayAway
from appliance.identity.setup.code import SetupCode
from tests.fakes.clock import FakeClock

_OPEN = Facts("box", pages=("https://10.0.0.2:18789",), addresses=("10.0.0.2",))
_PAIRED = Facts("box", pages=_OPEN.pages, addresses=("10.0.0.2",), devices=1)
_AWAY = Facts("box", gateway="it is starting.")


class _Gateway:
    """Answers what a console asks."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.asked: list[str] = []
        self.used = False
        self.away = False
        self.number = 0

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        self.asked.append(method)
        if self.away:
            raise GatewayAway("No gateway answers.")
        if method == "device.pair.setupStatus":
            return {"completion": {"access": "full"}} if self.used else {}
        if method == "device.pair.setupCode":
            self.number += 1
            code = SetupCode("wss://10.0.0.2:18789", f"token{self.number:040}").encode()
            ends = self.clock.now_ms() + 600_000
            return {"setupId": str(self.number), "setupCode": code, "expiresAtMs": ends, "access": "full"}
        return {"cancelled": True}


class _Desk:
    """A console on a table."""

    def __init__(self, facts: Facts, *, serial: bool = False) -> None:
        self.clock = FakeClock()
        self.gateway = _Gateway(self.clock)
        self.facts = facts
        self.written: list[str] = []
        self.log: list[str] = []
        self.console = Console(
            self.gateway.ask,
            lambda: self.facts,
            lambda: Surface(80, 25, serial=serial),
            clock=self.clock,
            write=self.written.append,
            log=self.log.append,
        )


def test_a_box_that_nobody_paired_shows_a_code_by_itself_and_logs_it() -> None:
    desk = _Desk(_OPEN)
    desk.console.step()
    assert "█" in desk.written[-1]
    assert desk.log == ["a setup code is shown (full access, 0 devices are paired)"]


def test_nothing_is_drawn_again_while_nothing_changes() -> None:
    desk = _Desk(_OPEN, serial=True)
    for _ in range(20):
        desk.console.step()
        desk.clock.advance(20)
    assert len(desk.written) == 1
    assert desk.gateway.number == 1


def test_a_code_whose_time_is_over_is_followed_by_another() -> None:
    desk = _Desk(_OPEN)
    desk.console.step()
    desk.clock.advance(601)
    desk.console.step()
    assert desk.gateway.number == 2


def test_once_somebody_paired_the_code_goes_and_none_follows() -> None:
    desk = _Desk(_OPEN)
    desk.console.step()
    desk.gateway.used, desk.facts = True, _PAIRED
    desk.console.step()
    assert "█" not in desk.written[-1]
    assert "Paired devices: 1" in desk.written[-1]
    assert desk.gateway.number == 1


def test_a_paired_box_asks_before_it_shows_a_code() -> None:
    desk = _Desk(_PAIRED)
    desk.console.step()
    assert desk.gateway.number == 0
    desk.console.step(pressed=True)
    assert desk.gateway.number == 0
    assert "Enter once more" in desk.written[-1]
    desk.console.step(pressed=True)
    assert desk.gateway.number == 1
    assert desk.log[-1].endswith("1 devices are paired)")


def test_the_question_is_forgotten_after_a_while() -> None:
    desk = _Desk(_PAIRED)
    desk.console.step(pressed=True)
    desk.clock.advance(21)
    desk.console.step(pressed=True)
    assert desk.gateway.number == 0


def test_a_new_code_ends_the_one_before() -> None:
    desk = _Desk(_OPEN)
    desk.console.step()
    desk.console.step(pressed=True)
    assert desk.gateway.number == 2
    assert "homarus.pair.cancel" in desk.gateway.asked


def test_a_gateway_that_is_away_is_said_and_the_code_comes_when_it_is_back() -> None:
    desk = _Desk(_AWAY)
    assert desk.console.step() <= 5
    assert "it is starting" in desk.written[-1]
    desk.facts = _OPEN
    desk.console.step()
    assert "█" in desk.written[-1]


def test_a_gateway_that_makes_no_code_is_not_asked_without_end() -> None:
    desk = _Desk(_OPEN)
    desk.gateway.away = True
    for _ in range(10):
        desk.console.step()
        desk.clock.advance(3)
    assert desk.gateway.asked.count("device.pair.setupCode") == 1


def test_no_code_is_made_where_nobody_could_use_it() -> None:
    assert Watch().see(Facts("box", near_only=True, pages=("http://127.0.0.1:1",)), 0) is Want.NOTHING
    assert Watch().press(Facts("box", near_only=True), 0) is Want.NOTHING
    assert Watch().see(Facts("box"), 0) is Want.NOTHING


def test_on_a_terminal_enter_makes_a_code_and_q_ends() -> None:
    desk = _Desk(_OPEN)
    ours, theirs = pty.openpty()
    drawn = threading.Event()
    desk.console._write = lambda text: (desk.written.append(text), drawn.set())[0]

    def person() -> None:
        drawn.wait(10)
        os.write(ours, b"x\r")
        while desk.gateway.number < 2:
            drawn.clear()
            drawn.wait(10)
        os.write(ours, b"q")

    typing = threading.Thread(target=person)
    typing.start()
    try:
        with key_by_key(theirs):
            keep(desk.console, theirs, ends=True)
    finally:
        typing.join()
        os.close(ours)
        os.close(theirs)
    assert desk.gateway.number == 2


def test_the_button_of_a_board_is_the_key_enter() -> None:
    desk = _Desk(_OPEN)
    ours, theirs = pty.openpty()
    hang_up = threading.Event()

    def hand() -> None:
        while desk.gateway.number < 2:  # two presses may come as one
            os.kill(os.getpid(), signal.SIGUSR1)
            hang_up.wait(0.01)
        os.write(ours, b"q")

    before = signal.getsignal(signal.SIGUSR1)
    with signal_as_key(signal.SIGUSR1) as button:
        pressing = threading.Thread(target=hand)
        pressing.start()
        try:
            with key_by_key(theirs):
                keep(desk.console, theirs, ends=True, button=button)
        finally:
            pressing.join()
            os.close(ours)
            os.close(theirs)
    assert desk.gateway.number >= 2
    assert signal.getsignal(signal.SIGUSR1) is before


def test_a_setup_code_is_read_in_a_child_as_it_is_here() -> None:
    script = """
import json, sys
from appliance.cli.console.__main__ import read_apart
from appliance.foundation.errors import ApplianceError
print(json.dumps(read_apart(sys.argv[1])))
heavy = ("asyncio", "ssl", "http.client", "subprocess", "sqlite3", "segno", "msgspec", "click", "logging")
print(json.dumps([one for one in heavy if one in sys.modules]))
try:
    read_apart("nonsense")
except ApplianceError as error:
    print(error)
"""
    code = SetupCode("wss://10.0.0.2:18789", "t" * 43).encode()
    done = subprocess.run([sys.executable, "-c", script, code], capture_output=True, text=True, check=True)
    shown, left_behind, refused = done.stdout.splitlines()
    page, modules = read(code)
    assert json.loads(shown) == [page, modules]
    assert json.loads(left_behind) == [], "a console stands there for years: it keeps only what it needs always"
    assert "could not be read" in refused
    assert "SetupCodeError" in done.stderr


@pytest.mark.parametrize(("size", "whole"), [(1024 * 1024, True), (1024 * 1024 + 1, False)])
def test_a_child_answers_with_a_bounded_text(size: int, whole: bool) -> None:
    assert len(apart(lambda: "x" * size)) == (size if whole else 0)
