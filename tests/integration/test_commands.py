"""Every command of the command line against one gateway: what is printed, JSON for programs, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.box import no_engine
from tests.integration.gateway_process import CHECKOUT, GatewayProcess

# Not in any list of words: a test of exit codes must not depend on a model.
_HELLO = "/status"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("box")
    with GatewayProcess(folder / "s", {}, **no_engine(folder)) as gateway:
        assert gateway.homarus("ask", _HELLO).returncode == 0
        yield gateway


def _json(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("line", "member"),
    [
        ("status", "runtimeVersion"),
        ("gateway", "running"),
        ("gateway status", "running"),
        ("gateway call health", "ok"),
        ("sessions", "sessions"),
        ("sessions list --limit 1", "sessions"),
        ("sessions show main", "messages"),
        ("sessions search status", "hits"),
        ("models", "models"),
        ("models list", "models"),
        ("config validate", "issues"),
        (f"ask {_HELLO}", "text"),
    ],
)
def test_it_prints_text_for_people_and_json_for_programs(box: GatewayProcess, line: str, member: str) -> None:
    plain = box.homarus(*line.split())
    assert (plain.returncode, plain.stderr) == (0, "")
    assert plain.stdout.strip()
    before, after = box.homarus("--json", *line.split()), box.homarus(*line.split(), "--json")
    assert (before.returncode, after.returncode) == (0, 0)
    assert member in _json(before)
    assert member in _json(after)


def test_status_tells_version_models_conversations_and_troubles(box: GatewayProcess) -> None:
    text = box.homarus("status").stdout
    assert text.startswith("Homarus 0.")
    assert "model: the embedded one alone" in text
    assert "agent:main:main" in text
    assert "No model can run on this box" in text


def test_status_loads_neither_the_event_loop_nor_the_websocket_stack(box: GatewayProcess) -> None:
    """The limit of 0.3 s is kept by what is not imported; time itself is measured by scripts/bench."""
    code = (
        "import sys; from appliance.cli.main import main; code = main(['status']);"
        "print([m for m in ('aiohttp','asyncio','prompt_toolkit','msgspec','sqlite3','ssl') if m in sys.modules],"
        "file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, env=box.environ, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stderr.replace("'", '"')) in ([], ["ssl"])  # http.client brings it along


def test_gateway_status_names_process_and_address(box: GatewayProcess) -> None:
    assert f"running (process {box.pid}, 127.0.0.1:{box.facts['port']})" in box.homarus("gateway", "status").stdout


def test_doctor_fails_as_long_as_something_is_wrong(box: GatewayProcess) -> None:
    done = box.homarus("doctor", "--json")
    assert done.returncode == 1
    assert "engine_absent" in [one["code"] for one in _json(done)["conditions"]]


def test_calls_pass_parameters_and_tell_errors(box: GatewayProcess) -> None:
    done = box.homarus("gateway", "call", "sessions.list", "--params", '{"limit": 1}')
    assert _json(done)["limitApplied"] == 1
    unknown = box.homarus("gateway", "call", "no.such.method")
    assert (unknown.returncode, unknown.stderr) == (1, "homarus: unknown method: no.such.method\n")
    as_json = box.homarus("--json", "gateway", "call", "no.such.method")
    assert (as_json.returncode, _json(as_json)["ok"]) == (1, False)


def test_a_conversation_can_be_shown_exported_imported_reset_and_deleted(box: GatewayProcess) -> None:
    assert box.homarus("ask", "--session", "trip", "tell me about whales").returncode == 0
    shown = box.homarus("sessions", "show", "trip").stdout
    assert shown.startswith("user: tell me about whales\n\nassistant: ")
    assert "homarus models recommend" in shown
    exported = box.homarus("sessions", "export", "trip")
    rows = [json.loads(line) for line in exported.stdout.splitlines()]
    assert rows[0]["type"] == "session"
    assert rows[1]["message"]["role"] == "user"
    assert box.homarus("sessions", "reset", "trip").returncode == 0
    asked = box.homarus("sessions", "delete", "trip")
    assert (asked.returncode, "--yes" in asked.stderr) == (2, True)
    gone = box.homarus("sessions", "delete", "trip", "--yes")
    assert (gone.returncode, "is deleted" in gone.stdout) == (0, True)
    assert box.homarus("sessions", "show", "trip").returncode == 1
    assert box.homarus("sessions", "delete", "trip", "--yes").returncode == 1
    back = box.homarus("sessions", "import", "-", stdin=exported.stdout)
    assert back.returncode == 0, back.stderr
    key = _json(box.homarus("--json", "sessions", "search", "tell me about whales"))["hits"][0]["key"]
    assert "tell me about whales" in box.homarus("sessions", "show", key).stdout


def test_what_is_unknown_is_named(box: GatewayProcess) -> None:
    for line in ("sessions show nobody", "sessions export nobody", "models pull nowhere"):
        done = box.homarus(*line.split())
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("homarus: ")
        assert done.stderr.count("\n") == 1


def test_ask_reads_a_pipe_and_puts_it_behind_the_words(box: GatewayProcess) -> None:
    done = box.homarus("ask", "--session", "pipe", "summarise", "this", stdin="line one\nline two\n")
    assert done.returncode == 0
    assert "user: summarise this\n\nline one\nline two" in box.homarus("sessions", "show", "pipe").stdout
    assert box.homarus("ask", stdin=_HELLO).returncode == 0
    assert box.homarus("ask").returncode == 2
    assert box.homarus("ask", stdin="x" * 200_001).returncode == 2


def test_logs_are_lines_for_people_and_json_for_programs(box: GatewayProcess) -> None:
    assert "daemon.gateway: serving address=127.0.0.1:" in box.homarus("logs").stdout
    lines = box.homarus("logs", "--json", "-n", "3").stdout.splitlines()
    assert 0 < len(lines) <= 3
    assert all("message" in json.loads(line) for line in lines)


def test_understand_says_plainly_that_no_engine_is_there(box: GatewayProcess) -> None:
    done = box.homarus("models", "understand", "--jsonl", stdin='{"text": "hello"}\n')
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "homarus doctor" in done.stderr
    broken = box.homarus("models", "understand", "--jsonl", stdin="nope\n")
    assert (broken.returncode, "line 1 is no JSON" in broken.stderr) == (2, True)


def test_elsewhere_needs_the_token(box: GatewayProcess) -> None:
    url = box.target.url
    assert box.homarus("--url", url, "status").returncode == 0, "HOMARUS_GATEWAY_TOKEN is set"
    wrong = box.homarus("--url", url, "--token", "wrong", "status")
    assert wrong.returncode == 4
    assert "HOMARUS_GATEWAY_TOKEN" in wrong.stderr
    for line in ("config get", "config validate", "gateway status", "sessions", "models"):
        assert box.homarus("--url", url, *line.split()).returncode == 0, line
    away = box.homarus("--url", "ws://127.0.0.1:1", "status")
    assert (away.returncode, "ws://127.0.0.1:1" in away.stderr) == (3, True)


def test_configuration_goes_through_the_gateway_and_comments_stay(box: GatewayProcess) -> None:
    box.config_file.write_text("{\n  // the kitchen box\n  locale: 'en-GB',\n}\n")
    done = box.homarus("config", "set", "agents.defaults.timeoutSeconds", "120")
    assert (done.returncode, done.stdout) == (0, "agents.defaults.timeoutSeconds is set\n")
    assert "// the kitchen box" in box.config_file.read_text()
    assert box.homarus("config", "get", "agents.defaults.timeoutSeconds").stdout == "120\n"
    assert "restart" in box.homarus("config", "set", "gateway.port", "18999").stdout
    wrong = box.homarus("config", "set", "gateway.port", "banana")
    assert (wrong.returncode, "gateway.port" in wrong.stderr) == (6, True)
    assert box.homarus("config", "unset", "gateway.port").returncode == 0
    assert "so already" in box.homarus("config", "unset", "gateway.port").stdout


def test_the_gateway_starts_from_any_folder(box: GatewayProcess, tmp_path: Path) -> None:
    """A module in the folder where somebody stands must not be taken for ours either."""
    (tmp_path / "click.py").write_text("raise SystemExit('wrong click')")
    (tmp_path / "json.py").write_text("raise SystemExit('wrong json')")
    code = f"import sys; sys.path[0] = {str(CHECKOUT)!r}; from appliance.__main__ import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "--no-chat"],
        cwd=tmp_path,
        env=box.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    assert "is in use by process" in done.stderr
