"""The command line of another machine: it pairs as a device and knows the box by its certificate."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.host.interfaces import addresses
from tests.integration.box import no_engine
from tests.integration.gateway_process import CHECKOUT, TOKEN, GatewayProcess

_HERE = next(
    (str(one.ip) for one in addresses() if not one.ip.is_loopback and one.ip.version == 4 and not one.ip.is_link_local),
    None,
)
pytestmark = pytest.mark.skipif(_HERE is None, reason="this machine is in no network")
LAN = {"gateway": {"bind": "lan"}, "models": {"mini": {"enabled": False}}, "discovery": {"mdns": {"mode": "off"}}}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("lan")
    with GatewayProcess(folder / "box", LAN, **no_engine(folder)) as gateway:
        yield gateway


class Laptop:
    """A machine with the command line and no gateway."""

    def __init__(self, box: GatewayProcess, home: Path) -> None:
        self.box = box
        self.home = home / "laptop"
        self.home.mkdir()
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", "TZ": "UTC"}
        self.url = f"wss://{_HERE}:{box.facts['port']}"
        self.pin = str(box.call("homarus.security.audit")["fingerprint"])

    def homarus(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.box.python, "-m", "appliance", *words],
            cwd=CHECKOUT,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ok(self, *words: str, **environ: str) -> str:
        done = self.homarus(*words, **environ)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def config(self, remote: dict[str, Any]) -> Path:
        file = self.home / ".homarus" / "homarus.json5"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"gateway": {"mode": "remote", "remote": remote}}))
        file.chmod(0o600)
        return file


@pytest.fixture
def laptop(box: GatewayProcess, tmp_path: Path) -> Laptop:
    return Laptop(box, tmp_path)


def _code(box: GatewayProcess, *words: str) -> str:
    return str(json.loads(box.homarus("--json", "pair", *words).stdout)["setupCode"])


def test_a_pasted_code_makes_a_machine_a_device_and_all_commands_go_to_the_box(laptop: Laptop) -> None:
    paired = json.loads(laptop.ok("--json", "remote", "pair", _code(laptop.box), "--name", "desk"))
    assert (paired["url"], paired["tlsSha256"]) == (laptop.url, laptop.pin)
    assert json.loads(laptop.ok("--json", "gateway", "status"))["running"]
    names = [row["displayName"] for row in json.loads(laptop.ok("--json", "devices", "list"))["paired"]]
    assert "desk" in names
    assert f"certificate {laptop.pin}" in laptop.ok("remote", "status")
    folder = laptop.home / ".homarus" / "client"
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o600"}
    # its own settings stay its own: how else could this be taken back?
    assert json.loads(laptop.ok("config", "get", "gateway.mode")) == "remote"
    laptop.ok("remote", "forget")
    assert laptop.homarus("gateway", "status").returncode == 3


def test_with_the_token_a_machine_asks_the_owner_once_and_then_needs_it_no_more(laptop: Laptop) -> None:
    named = ("--url", laptop.url, "--tls-fingerprint", laptop.pin)
    asked = laptop.homarus(*named, "status", HOMARUS_GATEWAY_TOKEN=TOKEN)
    assert asked.returncode == 4
    assert "approve it with `homarus devices approve" in asked.stderr
    request = asked.stderr.split("homarus devices approve ")[1].split("`")[0]
    assert laptop.box.homarus("devices", "approve", request, "--yes").returncode == 0
    laptop.ok(*named, "status", HOMARUS_GATEWAY_TOKEN=TOKEN)
    laptop.ok("--url", laptop.url, "status")  # certificate and token are remembered
    laptop.config({"url": laptop.url})
    laptop.ok("status")


def test_a_machine_that_was_removed_falls_back_to_the_token_of_its_configuration(laptop: Laptop) -> None:
    laptop.ok("remote", "pair", _code(laptop.box), "--name", "gone")
    assert laptop.box.homarus("devices", "remove", "gone", "--yes").returncode == 0
    refused = laptop.homarus("status")
    assert refused.returncode == 4
    assert "homarus remote pair CODE" in refused.stderr
    laptop.config({"url": laptop.url, "token": TOKEN})
    assert "approve it with `homarus devices approve" in laptop.homarus("status").stderr


def test_another_certificate_than_the_pinned_one_is_not_spoken_to(laptop: Laptop) -> None:
    wrong = laptop.homarus("--url", laptop.url, "--tls-fingerprint", "ab" * 32, "status", HOMARUS_GATEWAY_TOKEN=TOKEN)
    assert wrong.returncode == 4
    assert "shows another certificate" in wrong.stderr
    assert "pair anew" in wrong.stderr
    unknown = laptop.homarus("--url", laptop.url, "status", HOMARUS_GATEWAY_TOKEN=TOKEN)
    assert unknown.returncode == 4
    assert "homarus security audit" in unknown.stderr
    plain = laptop.homarus("--url", laptop.url.replace("wss:", "ws:"), "--tls-fingerprint", laptop.pin, "status")
    assert (plain.returncode, "write wss://" in plain.stderr) == (4, True)


def test_what_a_device_may_not_do_is_said_with_the_way_to_more(laptop: Laptop) -> None:
    laptop.ok("remote", "pair", _code(laptop.box, "--profile", "limited"), "--name", "guest")
    laptop.ok("status")
    refused = laptop.homarus("config", "get")  # about its own file
    assert refused.returncode == 0
    refused = laptop.homarus("security", "audit")
    assert refused.returncode == 4
    assert "missing scope: operator.admin" in refused.stderr
    assert "homarus devices list" in refused.stderr


def test_a_machine_whose_rights_were_reduced_goes_on_with_what_is_left(laptop: Laptop) -> None:
    laptop.ok("remote", "pair", _code(laptop.box), "--name", "reduced")
    laptop.ok("security", "audit")
    assert laptop.box.homarus("devices", "rotate", "reduced", "--scope", "read").returncode == 0
    for _ in range(2):
        laptop.ok("status")
    assert json.loads(laptop.ok("--json", "remote", "status"))["scopes"] == ["operator.read"]
    assert "missing scope: operator.admin" in laptop.homarus("security", "audit").stderr


def test_a_box_that_is_away_is_looked_for(laptop: Laptop) -> None:
    away = laptop.homarus("--url", f"wss://{_HERE}:1", "--tls-fingerprint", laptop.pin, "status")
    assert away.returncode == 3
    assert "homarus discover" in away.stderr


@pytest.mark.parametrize(
    ("remote", "status", "said"),
    [
        ({}, 6, "needs the address of the gateway"),
        ({"url": "wss://box.example", "transport": "ssh"}, 2, "ssh -N -L"),
        ({"url": "wss://box.example", "tlsFingerprint": "abc"}, 2, "64 hexadecimal digits"),
    ],
)
def test_half_of_a_remote_gateway_is_said_so(laptop: Laptop, remote: dict[str, Any], status: int, said: str) -> None:
    laptop.config(remote)
    done = laptop.homarus("status")
    assert (done.returncode, said in done.stderr) == (status, True)


def test_a_machine_whose_gateway_is_elsewhere_runs_none_and_says_how_to(laptop: Laptop) -> None:
    laptop.config({"url": laptop.url})
    refused = laptop.homarus("run", "--port", "0")
    assert (refused.returncode, refused.stdout) == (78, "")
    assert "gateway.mode is remote" in refused.stderr
    assert "`homarus config set gateway.mode local`" in refused.stderr
    laptop.ok("config", "set", "gateway.mode", "local")  # its fix works, and nobody holds the state
