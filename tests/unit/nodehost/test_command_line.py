"""`homarus node` on a machine that has no gateway yet."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from appliance.foundation.clock import SystemClock
from appliance.nodehost.__main__ import main
from appliance.nodehost.allow import find
from appliance.nodehost.home import NodeHome


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "fresh" / "state"
    monkeypatch.setenv("HOMARUS_STATE_DIR", str(root))
    return root


def test_programs_can_be_allowed_before_the_first_pairing(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "allow", "true"]) == 0
    assert [row["argv"] for row in json.loads(capsys.readouterr().out)["rules"]] == [None]
    assert [(path, oct(path.stat().st_mode & 0o777)) for path in (state, state / "node")] == [
        (state, "0o700"),
        (state / "node", "0o700"),
    ]


def test_without_a_gateway_it_says_how_to_join_one(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 1
    assert "--pair CODE" in capsys.readouterr().err


def test_a_person_allows_what_waits_once_or_always(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = NodeHome(state / "node", dict(os.environ), SystemClock())
    program = find(["true", "-x"], os.environ)
    assert program is not None
    asyncio.run(home.approvals.ask(program, "/", {}, 0))
    assert main(["approvals"]) == 0
    assert f'["{program.path}", "-x"] in "/"' in capsys.readouterr().out
    assert main(["approve", "--always"]) == 0
    assert home.allow.allows(program)
    assert main(["approve"]) == 1
    assert "nothing waits" in capsys.readouterr().err


def test_a_state_that_cannot_be_written_is_a_sentence_with_its_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOMARUS_STATE_DIR", str(tmp_path / "file" / "state"))
    link = "https://192.168.1.2:18789/#bootstrapToken=abc"
    assert main(["run", "--pair", link]) == 1
    said = capsys.readouterr().err
    assert "Not a directory" in said
    assert "HOMARUS_STATE_DIR" in said


def test_a_fingerprint_that_is_none_is_refused(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    link = "https://192.168.1.2:18789/#bootstrapToken=abc"
    assert main(["run", "--pair", link, "--tls-fingerprint", "12:34"]) == 1
    assert "64 hexadecimal digits" in capsys.readouterr().err
