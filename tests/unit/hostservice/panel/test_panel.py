"""The panel as root runs it."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from appliance.host.hardware.press import Act, Presses
from appliance.hostservice.frame import RequestError
from appliance.hostservice.panel import button, light


def _event(down: bool, at_s: float) -> bytes:
    return struct.pack("=QIIII6I", round(at_s * 1e9), 1 if down else 2, 17, 1, 1, *[0] * 6)


def _acts(content: bytes, *times: float) -> list[Act]:
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    found: list[Act] = []
    clock = iter(times)
    try:
        button.listen(reader, Presses(10), lambda: next(clock, 1000.0), found.append)
    finally:
        os.close(reader)
    return found


def test_presses_on_a_line_are_acts() -> None:
    assert _acts(_event(True, 100) + _event(False, 100.3), 100, 100, 100.3, 100.3) == [Act.SHOW]
    assert _acts(_event(True, 100) + _event(False, 111), 100, 100, 111, 111) == [Act.RESET]


def test_a_line_that_ends_ends_the_service() -> None:
    assert _acts(b"") == []
    assert _acts(_event(True, 100)[:-1]) == []


def test_acts_are_what_anybody_at_the_box_may_do() -> None:
    ran: list[tuple[str, ...]] = []
    act = button.acting("", lambda argv: ran.append(tuple(argv)))
    for one in Act:
        act(one)
    assert [line[-1] for line in ran] == ["homarus-console@*.service", "homarus-reset-mark.service"]


def test_a_machine_without_a_button_starts_nothing() -> None:
    assert button.main(["check"]) == button.main([]) == 1


def test_a_light_takes_one_known_state(tmp_path: Path) -> None:
    assert light.main(["ready"], tmp_path) == 0, "no light is no failure"
    for wrong in ([], ["disco"], ["ready", "ready"]):
        assert light.main(wrong, tmp_path) == 64
    with pytest.raises(RequestError, match="starting"):
        light.set_state({"state": "disco"})
    assert light.set_state({"state": "ready"}) == {"led": False}
