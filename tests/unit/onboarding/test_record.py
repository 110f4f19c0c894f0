"""The set-up on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.onboarding import record
from appliance.onboarding.model import State, Status, StepName


def test_what_is_kept_is_found_again_and_is_the_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / record.FILE
    state = State(session="s", step=StepName.KEY, status=Status.CANCELLED, language="fr", name="Zoé")
    record.save(file, state)
    assert record.load(file) == state
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_a_file_there_is_nothing(tmp_path: Path) -> None:
    assert record.load(tmp_path / record.FILE) is None


@pytest.mark.parametrize("content", ["", "{", '{"session": 1}', '{"session": "s", "step": "nowhere"}', "x" * 65_537])
def test_a_file_that_cannot_be_read_begins_anew(tmp_path: Path, content: str) -> None:
    file = tmp_path / record.FILE
    file.write_text(content)
    assert record.load(file) is None


def test_what_was_kept_can_be_forgotten_twice(tmp_path: Path) -> None:
    file = tmp_path / record.FILE
    record.save(file, State(session="s"))
    record.forget(file)
    record.forget(file)
    assert not file.exists()
