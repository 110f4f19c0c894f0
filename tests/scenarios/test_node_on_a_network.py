"""A story: a box on a network, a machine that finds it, joins it with one pasted line and never loses it again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.client.errors import ClientError
from appliance.discovery.beacon import Beacon
from tests.integration.box import no_engine
from tests.integration.gateway_process import CHECKOUT, GatewayProcess
from tests.integration.network import WHY_NOT, Network, ip

pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT), pytest.mark.timeout(240)]
_WAIT_S = 100.0
_LONG = os.environ.get("HOMARUS_LONG") == "1"


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


class Liar:
    """Somebody on the network who announces the name and the certificate of the box at an address of their own."""

    def __init__(self, space: str, folder: Path) -> None:
        self._space = space
        self._heard = folder / "heard"

    @contextmanager
    def lying(self, advert: dict[str, Any], port: int) -> Iterator[None]:
        name = str(advert["host"]).removesuffix(".local")
        txt = {"role": "gateway", "gatewayTlsSha256": str(advert["tlsSha256"]), "displayName": name}
        inside = ["ip", "netns", "exec", self._space, sys.executable]
        commands = [
            [*inside, "-c", _LISTEN, str(port), str(self._heard)],
            *(
                [*inside, "-m", "appliance.discovery", Beacon(f"{name}{number}", name, port, {**txt, **tls}).encode()]
                for number, tls in enumerate(({"gatewayTls": "1"}, {}))
            ),
        ]
        running = [subprocess.Popen(one, cwd=CHECKOUT, stdout=subprocess.DEVNULL) for one in commands]
        try:
            yield
        finally:
            for one in running:
                one.kill()
                one.wait(20)

    @property
    def heard(self) -> bytes:
        return self._heard.read_bytes() if self._heard.exists() else b""


_LISTEN = """
import socket, sys
server = socket.create_server(("0.0.0.0", int(sys.argv[1])))
while True:
    peer, _ = server.accept()
    with peer, open(sys.argv[2], "ab") as heard:
        peer.settimeout(5)
        try:
            heard.write(peer.recv(4096) + b"\\n")
        except OSError:
            pass
"""


class Story:
    """A box and an attic joined by a cable and by wireless, and a stranger who has a cable into the attic."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.network = Network(stack)
        self.home, self.attic, stranger = (self.network.host(name) for name in ("home", "attic", "liar"))
        self.network.cable(self.home, self.attic, "eth0")
        self.network.cable(self.home, self.attic, "wlan0")
        self.network.cable(stranger, self.attic, "eth1")
        ip("-n", self.home, "route", "add", "default", "dev", "eth0")
        self.box = Box(folder / "box", {"gateway": {"bind": "lan"}}, **no_engine(folder))
        self.box.space = self.home
        self.node = Node(self.attic, folder / "node")
        self.liar = Liar(stranger, folder)
        stack.callback(self.box.stop)
        self.box.start()
        self.port = self.box.facts["port"]

    def found(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.node.homarus(self.box, "--json", "discover", "--seconds", "1"))
        return rows

    def goes(self) -> None:
        """The box ends; in the long form without a word, so that only its silence tells the node."""
        self.box.kill() if _LONG else self.box.stop()

    def comes_back(self, address: str) -> None:
        self.box.start(port=self.port)
        _until(lambda: bool(_connected(self.box)), lambda: self.node.output)
        # Both sides are connected a moment before the node has it on its disk.
        _until(lambda: self.membership["urls"][0] == f"wss://{address}:{self.port}", lambda: self.node.output)

    @property
    def membership(self) -> dict[str, Any]:
        known: dict[str, Any] = json.loads((self.node.state / "node" / "gateway.json").read_text())
        return known


def test_a_machine_finds_a_box_joins_it_and_comes_back(tmp_path: Path) -> None:
    with ExitStack() as stack:
        story = Story(stack, tmp_path)
        box, node = story.box, story.node
        _until(lambda: len(story.found()) == 1, lambda: box.output)
        (advert,) = story.found()
        code = json.loads(box.homarus("--json", "pair", "--profile", "node").stdout)
        assert code["url"] == advert["urls"][0]

        with node.running(box, "--pair", code["setupCode"], "--name", "attic"):
            _until(lambda: "connected to" in node.output and _names(box) == ["attic"], lambda: node.output)
            assert story.membership["fingerprint"] == advert["tlsSha256"]
            if _LONG:  # the short form restarts the box where its cable is pulled
                story.goes()
                story.comes_back("10.77.1.1")

        _until(lambda: not _connected(box), lambda: "the node is gone")
        with node.running(box, "--name", "attic"):
            _until(lambda: bool(_connected(box)), lambda: node.output)
            asked = {"nodeId": _connected(box)[0]["nodeId"], "command": "device.info", "idempotencyKey": "story"}
            assert box.call("node.invoke", asked)["payload"]["hostname"]

            # the cable is pulled: the other interface is in the code that was pasted
            story.goes()
            story.network.unplug(story.home, "eth0")
            story.comes_back("10.77.2.1")

            # the router gives the box another address, and a stranger says that it is theirs
            story.goes()
            ip("-n", story.home, "addr", "del", "10.77.2.1/24", "dev", "wlan0")
            ip("-n", story.home, "addr", "add", "10.77.2.77/24", "dev", "wlan0")
            with story.liar.lying(advert, story.port):
                _until(lambda: any("10.77.3.1" in str(row["urls"]) for row in story.found()), lambda: node.output)
                story.comes_back("10.77.2.77")
        assert story.membership["fingerprint"] == advert["tlsSha256"]
        assert b"HTTP" not in story.liar.heard  # at most the first words of TLS: no name, no token
        assert box.homarus("devices", "revoke", "attic").returncode == 0
        with node.running(box):
            _until(lambda: "Pair anew" in node.output, lambda: node.output)
