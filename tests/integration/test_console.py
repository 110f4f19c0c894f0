"""What the screen of a box shows, against a real gateway: a code that works, another one on Enter, and its way back."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.client.once import call_once
from tests.integration.gateway_process import CHECKOUT, GatewayProcess
from tests.integration.pseudo_terminal import PseudoTerminal

_LAN = {"gateway": {"bind": "lan"}, "models": {"mini": {"enabled": False}}, "discovery": {"mdns": {"mode": "off"}}}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with GatewayProcess(tmp_path_factory.mktemp("console"), _LAN) as gateway:
        yield gateway


def test_a_box_that_nobody_paired_shows_a_code_and_enter_shows_another(box: GatewayProcess) -> None:
    argv = [box.python, "-P", "-m", "appliance", "console"]
    with PseudoTerminal(argv, {**box.environ, "PYTHONPATH": str(CHECKOUT)}, box.state) as screen:
        first = screen.wait_for("It gives full access, once")
        assert "Open in a browser:" in first
        screen.wait_for("Health:")
        screen.type("\r")
        screen.wait_for("It gives full access, once")
        screen.wait_for("Health:")
        screen.type("q")
        assert screen.ended() == 0
    assert call_once(box.socket, "device.pair.list", {}, timeout_s=10)["paired"] == []


def test_the_console_of_a_terminal_reads_the_same_in_a_pipe(box: GatewayProcess) -> None:
    text = box.homarus("console").stdout
    assert "Enter: a code to pair the first device with." in text
    assert "bootstrapToken" not in text  # nobody asked for one


def test_without_a_gateway_it_says_so(box: GatewayProcess, tmp_path: Path) -> None:
    environ = {**box.environ, "HOMARUS_STATE_DIR": str(tmp_path), "PYTHONPATH": str(CHECKOUT)}
    argv = [box.python, "-P", "-m", "appliance", "console"]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=True)
    assert "The assistant does not answer" in done.stdout
