"""`homarus reset` asks twice, and on a machine that is no box of ours removes the state directory alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.cli.commands import reset
from appliance.cli.main import main, root
from appliance.host import box as boxes
from appliance.host import request
from appliance.host.box import Box
from appliance.storage.lock import StateLock

_BOX = Box("nuc", "1", "b", "homarus-nuc", False, "k", "release")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    (folder / "blobs/ab").mkdir(parents=True)
    (folder / "homarus.sqlite").write_text("x")
    (folder / "outside").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/file").write_text("stays")
    monkeypatch.setenv("HOMARUS_STATE_DIR", str(folder))
    monkeypatch.setattr(boxes, "read_box", lambda: None)
    return folder


def test_a_script_removes_the_state_and_nothing_behind_a_link(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reset", "--yes"]) == 0
    assert list(state.iterdir()) == []
    assert (state.parent / "elsewhere/file").read_text() == "stays"
    assert "is gone" in capsys.readouterr().out


def test_without_a_terminal_nothing_is_removed(state: Path) -> None:
    assert main(["reset"]) == 2
    assert (state / "homarus.sqlite").exists()


def test_a_state_that_a_gateway_holds_is_not_removed(state: Path) -> None:
    lock = StateLock.acquire(state / "gateway.lock", now_ms=1)
    try:
        assert main(["reset", "--yes"]) == 7
    finally:
        lock.release()
    assert (state / "homarus.sqlite").exists()


def test_a_state_that_is_not_there_needs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMARUS_STATE_DIR", str(tmp_path / "none"))
    assert main(["reset", "--yes"]) == 0


def test_a_box_is_asked_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, object]] = []
    monkeypatch.setattr(boxes, "read_box", lambda: _BOX)
    monkeypatch.setattr(reset.socket, "gethostname", lambda: "kitchen")
    monkeypatch.setattr(request, "ask_now", lambda verb, params: asked.append((verb, params)) or {})
    assert main(["reset", "--yes"]) == 0
    assert asked == [("reset.start", {"name": "kitchen"})]


def test_who_is_not_root_is_told_to_use_sudo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(boxes, "read_box", lambda: _BOX)
    assert main(["reset", "--yes"]) == 1, "no such service here"


@pytest.mark.parametrize(("answers", "gone"), [(("state", "y"), True), (("state", "n"), False), (("stat", "y"), False)])
def test_it_asks_for_the_name_and_once_more(
    state: Path, monkeypatch: pytest.MonkeyPatch, answers: tuple[str, ...], gone: bool
) -> None:
    monkeypatch.setattr(reset, "_on_terminal", lambda: True)
    output = CliRunner().invoke(root, ["reset"], input="\n".join(answers) + "\n").output
    assert "Nothing can be brought back" in output
    assert (not (state / "homarus.sqlite").exists()) is gone
