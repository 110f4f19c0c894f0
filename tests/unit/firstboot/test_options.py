"""Options of the gateway are written by a process of its user, and the usual ones only where nobody wrote before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.config.load import load
from appliance.firstboot.applying.gateway import NotKept, send
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
