"""A story: a box on a network, a machine that finds it, joins it with one pasted line and never loses it again."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.client.errors import ClientError
from tests.integration.box import no_engine
from tests.integration.gateway_process import CHECKOUT, GatewayProcess
from tests.integration.network import WHY_NOT, Network, ip

pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT), pytest.mark.timeout(240)]
_WAIT_S = 100.0


class Box(GatewayProcess):
    """A gateway in a network namespace."""

    space = ""

    @property
    def prefix(self) -> list[str]:
        return ["ip", "netns", "exec", self.space]


class Node:
    """`homarus node run` in a network namespace."""

    def __init__(self, space: str, state: Path) -> None:
        self.space = space
        self.state = state
        self.environ = {**os.environ, "HOMARUS_STATE_DIR": str(state), "HOME": str(state), "PYTHONPATH": str(CHECKOUT)}

    def command(self, box: Box, *words: str) -> list[str]:
        return ["ip", "netns", "exec", self.space, box.python, "-m", "appliance", *words]

    def homarus(self, box: Box, *words: str) -> str:
        done = subprocess.run(
            self.command(box, *words),
            cwd=CHECKOUT,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    @contextmanager
    def running(self, box: Box, *words: str) -> Iterator[None]:
        self.state.mkdir(exist_ok=True)
        with (self.state / "output.txt").open("ab") as output:
            process = subprocess.Popen(
                self.command(box, "node", "run", *words), cwd=CHECKOUT, env=self.environ, stdout=output, stderr=output
            )
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)

    @property
    def output(self) -> str:
        return (self.state / "output.txt").read_text()


def _until(wanted: Callable[[], bool], what: Callable[[], str]) -> None:
    deadline = time.monotonic() + _WAIT_S
    while not wanted():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


def _connected(box: Box) -> list[dict[str, Any]]:
    try:
        nodes: list[dict[str, Any]] = box.call("node.list")["nodes"]
    except ClientError:
        return []
    return [node for node in nodes if node["connected"]]


def _names(box: Box) -> list[str]:
    return [node["displayName"] for node in _connected(box)]


def test_a_machine_finds_a_box_joins_it_and_comes_back(tmp_path: Path) -> None:
    with ExitStack() as stack:
        network = Network(stack)
        home, attic = network.host("home"), network.host("attic")
        network.cable(home, attic)
        ip("-n", home, "route", "add", "default", "dev", "eth0")
        box = Box(tmp_path / "box", {"gateway": {"bind": "lan"}}, **no_engine(tmp_path))
        box.space = home
        node = Node(attic, tmp_path / "node")
        stack.callback(box.stop)
        box.start()

        def found() -> list[dict[str, Any]]:
            rows: list[dict[str, Any]] = json.loads(node.homarus(box, "--json", "discover", "--seconds", "2"))
            return rows

        _until(lambda: len(found()) == 1, lambda: box.output)
        (advert,) = found()
        code = json.loads(box.homarus("--json", "pair", "--profile", "node").stdout)
        assert code["url"] == advert["urls"][0]

        with node.running(box, "--pair", code["setupCode"], "--name", "attic"):
            _until(lambda: "connected to" in node.output and _names(box) == ["attic"], lambda: node.output)
            remembered = json.loads((node.state / "node" / "gateway.json").read_text())
            assert remembered["fingerprint"] == advert["tlsSha256"]

            port = box.facts["port"]
            box.stop()
            box.start(port=port)
            _until(lambda: bool(_connected(box)), lambda: node.output)

        _until(lambda: not _connected(box), lambda: "the node is gone")
        with node.running(box, "--name", "attic"):
            _until(lambda: bool(_connected(box)), lambda: node.output)
            asked = {"nodeId": _connected(box)[0]["nodeId"], "command": "device.info", "idempotencyKey": "story"}
            assert box.call("node.invoke", asked)["payload"]["hostname"]

            # the router gives the box another address: its certificate is what it is known by
            ip("-n", home, "addr", "del", "10.77.1.1/24", "dev", "eth0")
            ip("-n", home, "addr", "add", "10.77.1.77/24", "dev", "eth0")
            box.kill()
            box.start(port=port)
            _until(lambda: bool(_connected(box)), lambda: node.output)
        moved = json.loads((node.state / "node" / "gateway.json").read_text())
        assert moved["urls"][0].startswith("wss://10.77.1.77:")
        assert box.homarus("devices", "revoke", "attic").returncode == 0
        with node.running(box):
            _until(lambda: "Pair anew" in node.output, lambda: node.output)
