"""The set-up over the wire, in scripts, on a plain pipe and in a terminal, also across restarts of the gateway."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.client.errors import ClientError, GatewayAway, RequestFailed
from tests.fakes.cloud.openai_chat import OpenAIChatWire
from tests.fakes.cloud.script import Raw
from tests.fakes.cloud.server import serve
from tests.integration.box import no_engine
from tests.integration.gateway_process import CHECKOUT, GatewayProcess
from tests.integration.pseudo_terminal import PseudoTerminal
from tests.integration.waiting import until

_CTRL_C = "\x03"


def _box(folder: Path, **environ: str) -> GatewayProcess:
    """Return a box without an engine, so that nothing is measured, on a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    named = {**no_engine(folder), "HOMARUS_GATEWAY_PORT": port, "OPENCLAW_DISABLE_BONJOUR": "1", **environ}
    return GatewayProcess(folder / "box", **named)


def _config(gateway: GatewayProcess) -> str:
    return gateway.config_file.read_text()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    with _box(tmp_path) as gateway:
        yield gateway


class _Wizard:
    def __init__(self, gateway: GatewayProcess) -> None:
        self.gateway = gateway
        self.session = ""

    def start(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.gateway.call("wizard.start", {"mode": "local", "flow": "setup"})
        self.session = answer["sessionId"]
        return answer

    def next(self, step: str | None = None, value: Any = None) -> dict[str, Any]:
        params: dict[str, Any] = {"sessionId": self.session}
        if step is not None:
            params["answer"] = {"stepId": step, **({} if value is None else {"value": value})}
        answer: dict[str, Any] = self.gateway.call("wizard.next", params)
        return answer

    def at(self, step: str) -> dict[str, Any]:
        """Wait until the wizard stands at a step, across whatever happens to the gateway."""
        found: dict[str, Any] = {}

        def there() -> bool:
            try:
                found.update(self.next())
            except (ClientError, TimeoutError):
                return False
            return found.get("step", {}).get("id") == step and found["step"]["type"] != "progress"

        until(there, what=f"the step {step}")
        return found


def test_it_goes_over_the_wire_through_a_restart_in_the_same_process(gateway: GatewayProcess) -> None:
    wizard, pid = _Wizard(gateway), gateway.pid
    assert wizard.start()["step"]["id"] == "language"
    assert wizard.next("language", "de")["step"]["title"] == "Wie darf ich Sie nennen?"
    assert wizard.next("name", "Ada")["step"]["id"] == "exposure"
    assert wizard.next("exposure", "lan")["step"]["type"] == "progress"
    answer = wizard.at("model")
    assert "engine" in answer["error"], "a box that cannot be measured says why"
    assert [one["value"] for one in answer["step"]["options"]] == ["mini"]
    assert gateway.facts["pid"] == pid == gateway.pid
    assert wizard.next("model")["step"]["id"] == "cloud"
    device = wizard.next("cloud")["step"]
    assert device["externalUrl"].startswith("https://")
    assert device["deviceCode"]["code"]
    assert wizard.next("device") == {"done": True, "status": "done"}
    assert all(word in _config(gateway) for word in ('locale: "de"', 'name: "Ada"', 'bind: "lan"'))
    assert wizard.start()["step"]["id"] == "language", "a new one begins anew"


def test_it_is_found_again_after_a_power_cut_and_after_it_was_left(gateway: GatewayProcess) -> None:
    wizard = _Wizard(gateway)
    first = wizard.start()["sessionId"]
    wizard.next("language", "fr")
    gateway.kill()
    gateway.start()
    assert wizard.next()["step"]["id"] == "name", "the session goes on"
    assert gateway.call("wizard.cancel", {"sessionId": first})["status"] == "cancelled"
    assert wizard.next() == {"done": True, "status": "cancelled"}
    again = wizard.start()
    assert (again["step"]["id"], again["sessionId"] == first) == ("name", False)
    assert gateway.call("homarus.wizard.reset") == {"forgotten": True}
    assert wizard.start()["step"]["id"] == "language"


def test_there_is_one_at_a_time_and_who_comes_second_joins_it(gateway: GatewayProcess) -> None:
    one, two = _Wizard(gateway), _Wizard(gateway)
    assert one.start()["sessionId"] == two.start()["sessionId"]
    one.next("language", "en")
    assert two.next("language", "de")["step"]["title"] == "What may I call you?", "the first answer counts"
    assert gateway.call("wizard.status", {"sessionId": one.session}) == {"status": "running"}


def test_an_unknown_session_is_said_so(gateway: GatewayProcess) -> None:
    for method in ("wizard.next", "wizard.status", "wizard.cancel"):
        with pytest.raises(RequestFailed) as refused:
            gateway.call(method, {"sessionId": "nobody"})
        assert refused.value.details["code"] == "WIZARD_NOT_FOUND"


def test_a_wrong_answer_is_asked_again_with_the_reason(gateway: GatewayProcess) -> None:
    wizard = _Wizard(gateway)
    wizard.start()
    answer = wizard.next("language", "klingon")
    assert (answer["step"]["id"], answer["error"]) == ("language", "Choose one of en, de, fr.")
    assert "error" not in wizard.next("language", "en")


def test_loopback_needs_no_restart_and_says_that_no_phone_can_come(gateway: GatewayProcess) -> None:
    wizard = _Wizard(gateway)
    wizard.start()
    wizard.next("language", "en")
    wizard.next("name", "")
    wizard.next("exposure", "loopback")
    wizard.at("model")
    wizard.next("model")
    device = wizard.next("cloud")["step"]
    assert "Only this machine" in device["message"]
    assert device["externalUrl"].startswith(f"http://127.0.0.1:{gateway.facts['port']}/#bootstrapToken=")


def test_offline_no_cloud_is_offered(tmp_path: Path) -> None:
    gateway = _box(tmp_path)
    gateway.config_file.write_text("{offline: true}")
    with gateway:
        wizard = _Wizard(gateway)
        wizard.start()
        wizard.next("language", "en")
        wizard.next("name", "")
        wizard.next("exposure", "loopback")
        wizard.at("model")
        assert wizard.next("model")["step"]["id"] == "device"


def test_a_restart_asked_for_keeps_the_process_and_tells_systemd(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        with _box(tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify")) as gateway:
            pid = gateway.pid
            done = gateway.homarus("gateway", "restart")
            assert (done.returncode, done.stdout) == (0, "The gateway is there again.\n"), done.stderr
            assert gateway.facts["pid"] == pid
            gateway.stop()
        heard = ""
        while "STOPPING=1" not in heard:
            heard += systemd.recv(4096).decode() + "\n"
    words = [word for word in ("READY=1", "RELOADING=1", "STOPPING=1") for _ in range(heard.count(word))]
    assert words == ["READY=1", "READY=1", "RELOADING=1", "STOPPING=1"]
    assert heard.index("READY=1") < heard.index("RELOADING=1") < heard.rindex("READY=1") < heard.index("STOPPING=1")


def test_a_chat_in_the_window_of_the_gateway_outlives_its_restart(tmp_path: Path) -> None:
    box = _box(tmp_path)
    with PseudoTerminal([box.python, "-m", "appliance", "run"], box.environ, CHECKOUT) as terminal:
        terminal.wait_for("Homarus is ready.")
        terminal.wait_for("›")
        assert box.homarus("gateway", "restart").returncode == 0
        terminal.wait_for("Homarus is there again.")
        terminal.wait_for("›")
        terminal.type("/quit\r")
        assert terminal.ended() == 0


def test_a_gateway_that_is_not_there_cannot_be_restarted(tmp_path: Path) -> None:
    done = _box(tmp_path).homarus("gateway", "restart")
    assert done.returncode == 3
    assert "homarus run" in done.stderr


def test_a_script_gets_the_usual_answers_and_no_gateway_stays_behind(tmp_path: Path) -> None:
    box = _box(tmp_path)
    done = box.homarus("onboard", "--non-interactive", "--name", "Ada", "--language", "en")
    assert done.returncode == 0, done.stderr
    assert "Your assistant is ready, Ada." in done.stdout
    assert "`homarus recovery new` prints a code for paper" in done.stdout
    assert 'bind: "lan"' in _config(box)
    with pytest.raises(GatewayAway):
        box.call("health")
    assert stat.S_IMODE((box.state / "onboarding.json").stat().st_mode) == 0o600


def test_a_script_reads_json_and_uses_the_gateway_that_runs(gateway: GatewayProcess) -> None:
    done = gateway.homarus("onboard", "--json", "--expose", "loopback")
    document = json.loads(done.stdout)
    assert (document["ok"], document["status"]) == (True, "done")
    assert document["link"].startswith("http://127.0.0.1:")
    assert gateway.call("health")


def test_a_key_that_is_refused_stops_a_script_and_is_nowhere(gateway: GatewayProcess, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk-not-a-real-key\n")
    # Nothing listens there: the answer is that of a network that is down.
    gateway.config_file.write_text('{models: {providers: {openai: {baseUrl: "http://127.0.0.1:9/v1"}}}}')
    until(lambda: "openai" in str(gateway.call("config.get")["parsed"]), what="the configuration")
    arguments = ["onboard", "--non-interactive", "--expose", "loopback", "--cloud", "openai", "--key-file", str(key)]
    done = gateway.homarus(*arguments)
    assert done.returncode == 1
    assert "could not be asked" in done.stderr
    for file in gateway.state.rglob("*"):
        assert not file.is_file() or b"sk-not-a-real-key" not in file.read_bytes(), file


async def test_a_key_that_is_taken_is_kept_in_the_configuration_alone(tmp_path: Path) -> None:
    async with serve(OpenAIChatWire()) as cloud:
        cloud.script(Raw(b'{"data": []}'))
        box = _box(tmp_path, KEY_OF_OPENAI=cloud.key)
        box.config_file.write_text(json.dumps({"models": {"providers": {"openai": {"baseUrl": cloud.url}}}}))
        box.config_file.chmod(0o600)
        options = ["--expose", "loopback", "--cloud", "openai", "--key-env", "KEY_OF_OPENAI"]
        done = await asyncio.to_thread(box.homarus, "onboard", "--non-interactive", *options)
    assert done.returncode == 0, done.stderr
    assert [request.method for request in cloud.requests] == ["GET"], "nothing was generated for money"
    holding = [file.name for file in box.state.rglob("*") if file.is_file() and cloud.key.encode() in file.read_bytes()]
    assert holding == [box.config_file.name]
    assert stat.S_IMODE(box.config_file.stat().st_mode) == 0o600
    assert cloud.key not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--cloud", "openai"], "--key-env or --key-file"),
        (["--key-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE is not set"),
        (["--key-env", "HOME"], "--cloud"),
        (["--key-file", "/nowhere/at/all"], "cannot be read"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path: Path, arguments: list[str], reason: str) -> None:
    done = _box(tmp_path).homarus("onboard", "--non-interactive", *arguments)
    assert done.returncode == 2
    assert reason in done.stderr


def test_on_a_pipe_it_asks_line_by_line(tmp_path: Path) -> None:
    box = _box(tmp_path)
    done = box.homarus("onboard", stdin="2\nAda\n\n\n\n")
    assert done.returncode == 0, done.stderr
    assert "Wer darf diese Box erreichen?" in done.stdout
    assert "\x1b" not in done.stdout, "a pipe gets no colours"
    assert "Ihr Assistent ist bereit, Ada." in done.stdout


def test_ctrl_c_keeps_what_was_answered_and_the_next_call_goes_on(tmp_path: Path) -> None:
    box = _box(tmp_path)

    def onboard() -> PseudoTerminal:
        return PseudoTerminal([box.python, "-m", "appliance", "onboard"], box.environ, CHECKOUT)

    with onboard() as terminal:
        terminal.wait_for("Which language")
        terminal.wait_for("Deutsch")
        terminal.type("2\r")
        terminal.wait_for("Wie darf ich Sie nennen?")
        terminal.wait_for("Ihr Name")
        terminal.type(_CTRL_C)
        terminal.wait_for("Ihre Antworten bleiben")
        assert terminal.ended() == 130
    with pytest.raises(GatewayAway):
        box.call("health")
    with onboard() as terminal:
        terminal.wait_for("Es geht weiter, wo Sie aufgehört haben.")
        terminal.wait_for("Wie darf ich Sie nennen?")


def test_a_window_that_is_closed_takes_its_gateway_with_it(tmp_path: Path) -> None:
    box = _box(tmp_path)
    terminal = PseudoTerminal([box.python, "-m", "appliance", "onboard"], box.environ, CHECKOUT)
    terminal.wait_for("Which language")
    pid = box.facts["pid"]
    terminal.hang_up()
    terminal.ended()

    def gone() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    until(gone, what="the end of the gateway")


def test_a_gateway_that_is_told_to_end_does_not_begin_anew(gateway: GatewayProcess) -> None:
    gateway.call("gateway.restart.request")
    gateway.signal(signal.SIGTERM)
    assert gateway.stop() == 0
