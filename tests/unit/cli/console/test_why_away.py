"""Why there is nothing to ask, and what helps: told to somebody who stands in front of the box."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from appliance.cli.console.__main__ import why_away
from appliance.host.systemd import Notifier

_FULL = "Ended: the database /var/lib/homarus/homarus.sqlite cannot be rebuilt (malformed): there is no sound backup"


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ({"ActiveState": "activating", "SubState": "start"}, "The first start of a box takes a minute or two."),
        (
            {"ActiveState": "activating", "SubState": "auto-restart", "StatusText": _FULL},
            "It is tried again by itself.",
        ),
        ({"ActiveState": "failed", "StatusText": _FULL, "ExecMainStatus": "1"}, "no sound backup. Restart the box."),
        ({"ActiveState": "failed", "StatusText": "Ended: x.", "ExecMainStatus": "78"}, "by a homarus.toml on the card"),
        ({"ActiveState": "failed", "StatusText": _FULL, "Result": "oom-kill"}, "the memory ran out. Restart the box."),
        ({"ActiveState": "inactive"}, "`sudo systemctl start homarus-gateway`"),
        ({"ActiveState": "active"}, "it runs but is busy"),
    ],
)
def test_the_screen_names_what_helps(unit: dict[str, str], said: str) -> None:
    assert said in why_away(unit)


def test_what_a_gateway_said_when_all_was_well_is_no_reason_for_its_end() -> None:
    said = why_away({"ActiveState": "failed", "StatusText": "serving on 18789", "Result": "watchdog"})
    assert said.startswith("it ended with an error. Restart the box.")
    assert "serving" not in said


def test_without_systemd_nothing_is_made_up() -> None:
    assert why_away({}) == ""


def test_last_words_are_one_line(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(os.fspath(tmp_path / "notify"))
        Notifier({"NOTIFY_SOCKET": os.fspath(tmp_path / "notify")}).failed("no room\nREADY=1")
        assert manager.recv(1000) == b"STATUS=Ended: no room READY=1"
