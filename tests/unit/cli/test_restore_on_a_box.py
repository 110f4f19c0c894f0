"""A restore on a box with two slots: not while a version is tried, and never a way back to another box's state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.cli.backups import opening
from appliance.cli.session import CliSession, session_from
from appliance.foundation.paths import StatePaths
from appliance.host.box import Box
from appliance.storage.copies import whole
from appliance.updates.trial.places import Places

_BOX = Box("nuc", "1", "b", "homarus-nuc", False, "k", "release")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliSession:
    session = session_from({}, url=None, token=None, password=None, as_json=False)
    monkeypatch.setattr(opening, "SYSTEM_STATE", tmp_path)
    monkeypatch.setattr(opening, "read_box", lambda: _BOX)
    monkeypatch.setattr(opening, "trial_open", lambda: False)
    return replace(session, paths=StatePaths(tmp_path, tmp_path / "homarus.json5"))


def test_nothing_is_restored_while_a_version_is_tried(cli: CliSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "trial_open", lambda: True)
    with pytest.raises(opening.OnTrial, match="on trial"):
        opening.restore(cli, cli.paths.root / "box.age", [], 1)


def test_the_state_of_before_the_last_update_goes_with_the_box_that_it_was(
    cli: CliSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = cli.paths.root / "box.age"
    file.write_bytes(b"")
    dropped: list[Places] = []
    done = (whole.Whole(whole.Head("1", 1, "b", "n", (), ()), 1, 1), cli.paths.root)
    monkeypatch.setattr(opening, "_replace", lambda *_: done)
    monkeypatch.setattr(opening, "drop_copy", dropped.append)
    assert opening.restore(cli, file, [], 1) == done
    assert dropped == [Places.on()]


def test_elsewhere_there_are_no_updates_to_think_of(cli: CliSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "read_box", lambda: None)
    monkeypatch.setattr(opening, "trial_open", lambda: True)
    assert opening._on_box(cli) is None
