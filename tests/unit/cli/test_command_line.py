"""The command line while no gateway runs: usage, JSON errors, configuration, completion."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.main import main

COMMANDS = (
    "run",
    "chat",
    "ask",
    "status",
    "gateway",
    "sessions",
    "models",
    "pair",
    "devices",
    "pairing",
    "recovery",
    "config",
    "logs",
    "doctor",
    "completion",
)


@pytest.fixture
def state() -> Path:
    folder = Path(os.environ["HOMARUS_STATE_DIR"])
    folder.mkdir(parents=True)
    return folder


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_help_lists_every_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {name} " in text for name in COMMANDS)
    assert "7  another gateway holds this state directory" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: homarus {name}")


@pytest.mark.parametrize(
    "line",
    [
        "status",
        "gateway status",
        "gateway call health",
        "sessions",
        "sessions show main",
        "models",
        "models understand hello",
        "logs",
        "ask hello",
        "pair",
        "devices",
        "devices approve",
        "pairing",
        "pairing approve telegram ABCDEFGH",
        "pairing dismiss telegram ABCDEFGH",
        "recovery new",
    ],
)
def test_without_a_gateway_it_says_how_to_start_one(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert main(line.split()) == 3
    seen = capsys.readouterr()
    assert "Start it with `homarus run`" in seen.out + seen.err
    assert main(["--json", *line.split()]) == 3
    answer = _json(capsys)
    assert answer["ok"] is False


@pytest.mark.parametrize(
    "line",
    [
        "nope",
        "--nope",
        "sessions nope",
        "gateway call",
        "gateway call health --params x",
        "gateway call health --params []",
        "--url nonsense status",
        "run --port 70000",
        "config get no.such.option",
        "config set models {",
        "chat",
        "run --chat",
        "logs --lines many",
        "pair --profile owner",
        "devices rename one",
        "devices rotate one --role god",
        "pairing approve telegram",
    ],
)
def test_wrong_usage_is_2_also_as_json(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 2
    seen = capsys.readouterr()
    assert (seen.out, "Error: " in seen.err) == ("", True)
    assert main([*line.split(), "--json"]) == 2
    answer = _json(capsys)
    assert answer["error"]["code"] == "usage"
    assert answer["error"]["message"]


def test_configuration_can_be_set_read_and_unset(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = state / "homarus.json5"
    file.write_text("{\n  // mine\n  timezone: 'Europe/Madrid', // here\n}\n")
    assert main(["config", "set", "gateway.port", "18999"]) == 0
    assert "// mine" in file.read_text()
    assert "// here" in file.read_text()
    capsys.readouterr()
    assert main(["config", "get", "gateway.port"]) == 0
    assert _json(capsys) == 18999
    assert main(["config"]) == 0
    assert _json(capsys) == {"timezone": "Europe/Madrid", "gateway": {"port": 18999}}
    assert main(["--json", "config", "unset", "gateway.port"]) == 0
    assert _json(capsys)["changed"] is True
    assert main(["config", "get", "gateway.port"]) == 0
    assert _json(capsys) == 18789, "the default"
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_invalid_value_changes_nothing(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "set", "gateway.port", "banana"]) == 6
    assert "gateway.port" in capsys.readouterr().err
    assert not (state / "homarus.json5").exists()


def test_an_empty_configuration_is_an_empty_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "get"]) == 0
    assert _json(capsys) == {}


def test_secrets_are_masked(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "set", "models.providers.anthropic.apiKey", "sk-very-secret"]) == 0
    capsys.readouterr()
    assert main(["config", "get", "models.providers.anthropic.apiKey"]) == 0
    assert "very-secret" not in capsys.readouterr().out
    assert "sk-very-secret" in (state / "homarus.json5").read_text()


def test_validate_names_path_value_and_hint(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (state / "homarus.json5").write_text("{ gateway: { prt: 1 }, messages: { queue: { mode: 'sometimes' } } }")
    assert main(["config", "validate"]) == 6
    text = capsys.readouterr().out
    assert "gateway.prt" in text
    assert "Did you mean port?" in text
    assert "sometimes" in text
    assert main(["config", "validate", "--json"]) == 6
    report = _json(capsys)
    assert report["ok"] is False
    assert {row["path"] for row in report["issues"]} == {"gateway.prt", "messages.queue.mode"}


def test_a_file_that_is_no_json5_is_an_invalid_configuration(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (state / "homarus.json5").write_text("{ nope")
    assert main(["config", "get"]) == 6
    assert "line 1" in capsys.readouterr().err
    assert main(["config", "validate"]) == 6


def test_options_are_listed_with_their_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "options", "gateway", "--json"]) == 0
    rows = {row["path"]: row for row in _json(capsys)}
    assert rows["gateway.port"]["default"] == 18789
    assert all(row["meaning"] for row in rows.values())


def test_doctor_looks_at_the_file_when_no_gateway_runs(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (state / "homarus.json5").write_text("{ gateway: { prt: 1 } }")
    assert main(["doctor", "--json"]) == 1
    codes = [row["code"] for row in _json(capsys)["conditions"]]
    assert codes[:2] == ["gateway_away", "config"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "_HOMARUS_COMPLETE" in capsys.readouterr().out


def test_what_stands_behind_two_dashes_is_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert main(["ask", "--", "--json"]) == 3
    assert capsys.readouterr().err.startswith("homarus: ")


def test_a_state_that_cannot_be_written_is_a_sentence_with_its_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOMARUS_STATE_DIR", str(tmp_path / "file" / "state"))
    assert main(["config", "set", "gateway.port", "1"]) == 1
    said = capsys.readouterr().err
    assert "Not a directory" in said
    assert "HOMARUS_STATE_DIR" in said
    assert main(["--json", "config", "set", "gateway.port", "1"]) == 1
    assert _json(capsys)["error"]["code"] == "file"


def test_a_file_that_is_no_json5_is_named_with_the_way_to_mend_it(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (state / "homarus.json5").write_text("{gateway: {")
    for words in (["config", "set", "gateway.bind", "lan"], ["config", "unset", "gateway.bind"], ["config", "get"]):
        assert main(words) == 6
        said = capsys.readouterr().err
        assert f"{state}/homarus.json5" in said
        assert "line 1, column" in said
        assert "Mend that place" in said


def test_a_restart_without_a_gateway_says_that_none_answers(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "restart"]) == 3
    assert "`homarus run`" in capsys.readouterr().err


def test_a_recovery_code_is_sent_to_the_web_app(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["remote", "pair", "recovery-QEW1-0Y9P"]) == 1
    assert "the web app of the box" in capsys.readouterr().err


def test_a_setting_of_a_machine_whose_gateway_is_elsewhere_says_which_one_it_changed(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (state / "homarus.json5").write_text("{gateway: {mode: 'remote', remote: {url: 'wss://192.168.1.9:18789'}}}")
    assert main(["config", "set", "gateway.bind", "lan"]) == 0
    said = capsys.readouterr().out
    assert "on this machine" in said
    assert "homarus --url wss://192.168.1.9:18789 config" in said
    assert main(["config", "set", "gateway.mode", "local"]) == 0
    assert "--url" not in capsys.readouterr().out
