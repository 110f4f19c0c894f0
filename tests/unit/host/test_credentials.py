"""Secrets of systemd become variables of the configuration."""

from __future__ import annotations

from pathlib import Path

from appliance.host.credentials import with_credentials


def test_a_credential_is_a_variable_and_a_variable_that_is_set_wins(tmp_path: Path) -> None:
    (tmp_path / "homarus.ANTHROPIC_API_KEY").write_text("s3cret\n")
    (tmp_path / "homarus.LANG").write_text("xx")
    (tmp_path / "other.NAME").write_text("not ours")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "LANG": "C"}
    assert with_credentials(environ) == {**environ, "ANTHROPIC_API_KEY": "s3cret"}


def test_what_is_no_text_or_has_no_name_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "homarus.lower").write_text("x")
    (tmp_path / "homarus.A B").write_text("x")
    (tmp_path / "homarus.EMPTY").write_text("\n")
    (tmp_path / "homarus.BYTES").write_bytes(b"\xff\xfe")
    (tmp_path / "homarus.AT_THE_CAP").write_text("x" * 65536)
    (tmp_path / "homarus.ABOVE_IT").write_text("x" * 65537)
    (tmp_path / "homarus.FOLDER").mkdir()
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert set(with_credentials(environ)) == {"CREDENTIALS_DIRECTORY", "AT_THE_CAP"}


def test_without_systemd_nothing_is_added(tmp_path: Path) -> None:
    assert with_credentials({"LANG": "C"}) == {"LANG": "C"}
    assert with_credentials({"CREDENTIALS_DIRECTORY": str(tmp_path / "none")}) == {
        "CREDENTIALS_DIRECTORY": str(tmp_path / "none")
    }
