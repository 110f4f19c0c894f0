"""Light and button of a board, from its data, on files and pipes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from appliance.host.hardware.board import Button, Hardware, read_hardware
from appliance.host.hardware.gpio import EVENT_BYTES, GpioError, open_line, read_edge, request
from appliance.host.hardware.light import State, show
from appliance.host.hardware.press import Act, Presses


def _root(tmp_path: Path, text: str) -> Path:
    (tmp_path / "usr/lib/homarus").mkdir(parents=True)
    (tmp_path / "usr/lib/homarus/hardware.json").write_text(text)
    return tmp_path


def test_a_machine_that_is_no_box_has_neither(tmp_path: Path) -> None:
    assert read_hardware(tmp_path) == Hardware()


def test_the_data_of_a_board_name_its_light_and_its_button(tmp_path: Path) -> None:
    text = '{"status_led": "ACT", "button": {"chip": "gpiochip0", "line": 17}, "watchdog_s": 15}'
    assert read_hardware(_root(tmp_path, text)) == Hardware("ACT", Button("gpiochip0", 17, 10))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json {",
        "[]",
        '{"status_led": "../../etc/passwd"}',
        '{"button": {"chip": "../mem", "line": 1}}',
        '{"button": {"chip": "gpiochip0", "line": -1}}',
        '{"button": {"chip": "gpiochip0"}}',
    ],
)
def test_data_that_make_no_sense_are_no_hardware(tmp_path: Path, text: str) -> None:
    assert read_hardware(_root(tmp_path, text)) == Hardware()


def _led(root: Path) -> Path:
    folder = root / "sys/class/leds/ACT"
    folder.mkdir(parents=True)
    (folder / "trigger").write_text("[none]")
    return folder


def test_each_state_looks_different(tmp_path: Path) -> None:
    folder = _led(tmp_path)
    seen = set()
    for state in State:
        for name in ("delay_on", "delay_off"):
            (folder / name).unlink(missing_ok=True)
        assert show("ACT", state, tmp_path)
        shown = [(folder / name).read_text() if (folder / name).exists() else "" for name in ("delay_on", "delay_off")]
        seen.add(((folder / "trigger").read_text(), *shown))
    assert len(seen) == len(State)
    assert ("default-on", "", "") in seen


def test_a_light_that_is_not_there_is_no_failure(tmp_path: Path) -> None:
    assert show("", State.READY, tmp_path) is False
    assert show("ACT", State.READY, tmp_path) is False
    folder = tmp_path / "sys/class/leds/ACT"
    (folder / "trigger").mkdir(parents=True)
    assert show("ACT", State.READY, tmp_path) is False


def test_a_request_for_a_line_is_as_the_kernel_wants_it() -> None:
    raw = request(Button("gpiochip0", 17))
    assert (len(raw), struct.unpack_from("=I", raw)[0]) == (592, 17)
    assert raw[256:288].rstrip(b"\0") == b"homarus"
    assert struct.unpack_from("=QI", raw, 288) == (0x136, 1)
    assert struct.unpack_from("=I", raw, 560) == (1,)


def test_an_event_is_an_edge() -> None:
    assert EVENT_BYTES == 48
    raw = struct.pack("=QIIII6I", 2_500_000_000, 1, 17, 1, 1, *[0] * 6)
    assert (read_edge(raw).down, read_edge(raw).at_s) == (True, 2.5)


def test_a_line_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(GpioError, match="gpiochip0"):
        open_line(Button("gpiochip0", 17), tmp_path)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/gpiochip0").write_text("")
    with pytest.raises(GpioError):
        open_line(Button("gpiochip0", 17), tmp_path)


def test_a_short_press_shows_a_code() -> None:
    presses = Presses(10)
    assert (presses.edge(True, 100.0), presses.edge(False, 101.99)) == (None, Act.SHOW)
    assert (presses.edge(True, 200.0), presses.edge(False, 202.0)) == (None, None), "neither short nor long"


def test_a_button_that_is_held_warns_then_resets_once() -> None:
    presses = Presses(10)
    presses.edge(True, 100.0)
    assert presses.wait_s(100.0) == 3.0
    assert presses.tick(102.9) is None
    assert presses.tick(103.0) is Act.WARN
    assert presses.wait_s(103.0) == 7.0
    assert presses.tick(109.9) is None
    assert presses.tick(110.0) is Act.RESET
    assert (presses.tick(120.0), presses.wait_s(120.0), presses.edge(False, 121.0)) == (None, None, None)


def test_letting_go_in_time_resets_nothing() -> None:
    presses = Presses(10)
    presses.edge(True, 100.0)
    presses.tick(103.0)
    assert presses.edge(False, 109.9) is Act.CALM
    assert presses.tick(200.0) is None


def test_edges_that_bounce_or_come_late_are_taken_as_they_are() -> None:
    presses = Presses(10)
    assert presses.edge(False, 99.0) is None, "it was down before anybody listened"
    presses.edge(True, 100.0)
    presses.edge(True, 105.0)
    assert presses.edge(False, 110.0) is Act.RESET, "the process slept through the moment itself"
