"""Options of the gateway are written by a process of its user, and the usual ones only where nobody wrote before."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from appliance.config.load import load
from appliance.firstboot.__main__ import main
from appliance.firstboot.applying import gateway
from appliance.firstboot.applying.gateway import ACTION, PATIENCE_S, NotKept, send
from appliance.firstboot.applying.plan import FIRST_OPTIONS, Option
from appliance.storage.lock import StateLock

_FIRST = tuple(Option("exposure", path, value) for path, value in FIRST_OPTIONS)


def test_options_stand_in_a_private_file_of_the_gateway(tmp_path: Path) -> None:
    state = tmp_path / "state"
    wanted = (
        Option("owner", "owner.name", "Ada"),
        Option("key", "models.providers.openai.apiKey", "sk-$${HOME}", secret=True),
        Option("language", "locale", "no language at all"),
    )
    failed = send(state, wanted, _FIRST, user=None)
    assert list(failed) == ["locale"]
    loaded = load(state / "homarus.json5", {})
    assert loaded.parsed["gateway"] == {"bind": "lan"}
    assert loaded.parsed["owner"] == {"name": "Ada"}
    section = loaded.config.models
    assert section.providers["openai"].api_key.reveal() == "sk-${HOME}"
    assert (state / "homarus.json5").stat().st_mode & 0o7777 == 0o600
    assert send(state, (Option("exposure", "gateway.bind", "loopback"),), _FIRST, user=None) == {}
    assert load(state / "homarus.json5", {}).parsed["gateway"] == {"bind": "loopback"}


def test_options_are_not_written_beside_a_gateway_that_runs(tmp_path: Path) -> None:
    lock = StateLock.acquire(tmp_path / "gateway.lock", now_ms=0)
    try:
        with pytest.raises(NotKept, match="could not be written: "):
            send(tmp_path, (Option("owner", "owner.name", "Ada"),), (), user=None)
    finally:
        lock.release()


def test_a_pipe_in_the_place_of_the_configuration_is_named_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "homarus.json5")
    assert send(tmp_path, (Option("owner", "owner.name", "Ada"),), (), user=None) == {"owner.name": "it is not a file."}


def test_the_process_that_writes_options_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    alarms: list[int] = []
    monkeypatch.setattr(signal, "alarm", alarms.append)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(json.JSONDecodeError):
        main([ACTION])
    assert alarms == [PATIENCE_S]
    assert 0 < PATIENCE_S < gateway._TIMEOUT_S


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_another_user_writes_and_owns_the_file(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, 65534, 65534)
    try:
        failed = send(state, (Option("owner", "owner.name", "Ada"),), (), user="nobody")
    except NotKept as error:
        if isinstance(error.__cause__, PermissionError):
            pytest.skip("this interpreter lies where other users cannot run it")
        raise
    assert failed == {}
    assert (state / "homarus.json5").stat().st_uid == 65534
