"""The picture of the console: it fits its screen, names what is wrong, and never lets a text command the terminal."""

from __future__ import annotations

import re

import pytest

from appliance.cli.console.facts import AccessPoint, Facts, Problem
from appliance.cli.console.page import Shown, Surface, picture
from appliance.cli.pairing.qr import matrix
from appliance.host.box import Box

_PAGE = f"https://192.168.178.20:18789/#bootstrapToken={'A' * 43}"
_SHOWN = Shown("eyJ1cmwi", _PAGE, 9, matrix(_PAGE))
_FACTS = Facts(
    name="homarus-1a2b",
    version="0.1.0",
    pages=("https://192.168.178.20:18789", "https://homarus-1a2b.local:18789"),
    addresses=("192.168.178.20",),
)


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.parametrize(("columns", "lines"), [(80, 25), (80, 24), (240, 67), (100, 37)])
def test_words_and_code_stand_beside_each_other_and_fit(columns: int, lines: int) -> None:
    rows = _plain(picture(_FACTS, _SHOWN, False, Surface(columns, lines, screen=True))).split("\n")
    assert len(rows) <= lines
    assert max(map(len, rows)) <= columns
    assert any("█" in row and "Homarus" not in row for row in rows)
    assert "https://homarus-1a2b.local:18789" in "\n".join(rows)


def test_many_problems_do_not_push_the_code_from_a_small_screen() -> None:
    facts = Facts("box", pages=_FACTS.pages, addresses=("10.0.0.2",), problems=(Problem("x " * 90, "mend it"),) * 9)
    rows = _plain(picture(facts, _SHOWN, False, Surface(80, 25))).split("\n")
    assert len(rows) <= 25
    assert "█" in "".join(rows)
    assert "homarus doctor" in "".join(rows)


def test_a_narrow_window_shows_the_link_alone() -> None:
    text = picture(_FACTS, _SHOWN, False, Surface(60, 24))
    assert "█" not in text
    assert "bootstrapToken" in text


def test_a_serial_line_gets_ascii_of_at_most_80_columns_and_the_whole_code() -> None:
    text = picture(_FACTS, _SHOWN, False, Surface(serial=True))
    assert text.isascii()
    assert max(len(row) for row in _plain(text).split("\n") if " " in row.strip() or not row.strip()) <= 80
    assert f"\n  {_PAGE}\n" in text  # in one piece, for whoever copies it
    assert "Setup code for the app: eyJ1cmwi" in text
    assert "\x1b[47m  " in text


def test_it_says_who_may_do_what() -> None:
    paired = Facts("box", pages=_FACTS.pages, addresses=("10.0.0.2",), devices=2)
    assert "Who stands here may let devices in" in picture(paired, None, False, Surface(200, 50))
    assert "2 devices are paired. A new code gives" in picture(paired, None, True, Surface(200, 50))
    assert "limited access" in picture(_FACTS, Shown("x", _PAGE, 3, matrix(_PAGE), full=False), False, Surface(300, 50))


def test_a_gateway_that_is_away_a_box_without_network_and_a_closed_one_are_named() -> None:
    wide = Surface(300, 50)
    away = Facts("box", addresses=("10.0.0.2",), gateway="it is starting.")
    assert "does not answer: it is starting. Its addresses: 10.0.0.2." in picture(away, None, False, wide)
    assert "No network" in picture(Facts("box"), None, False, wide)
    closed = Facts("box", near_only=True, addresses=("10.0.0.2",))
    assert "exposure: loopback" in picture(closed, None, False, wide)


def test_development_keys_and_a_stand_in_kernel_are_named() -> None:
    box = Box("rpi", "1.2.3", "b", "homarus-rpi", False, "debian", "development")
    text = picture(Facts("box", box=box, addresses=("10.0.0.2",)), None, False, Surface(300, 50))
    assert "DEVELOPMENT KEYS" in text
    assert "no tryboot" in text
    assert "starts no Pi 5" in text


def test_the_network_to_set_the_wifi_up_is_shown() -> None:
    facts = Facts("box", wifi=AccessPoint("Homarus-1a2b", "abcd-efgh", "http://10.42.0.1/setup"))
    text = picture(facts, None, False, Surface(100, 50))
    assert "Homarus-1a2b" in text
    assert "abcd-efgh" in text
    assert "abcd" not in repr(facts)


def test_what_others_wrote_commands_no_terminal() -> None:
    facts = Facts("box", addresses=("10.0.0.2",), problems=(Problem("evil \x1b[2J\x07\r text", "\x9b31m"),))
    text = picture(facts, None, False, Surface(100, 50))
    assert not re.search("[\x07\x1b\r\x9b]", text)
