from __future__ import annotations

from pathlib import Path

import pytest

from appliance.gateway.tokenfile import VARIABLE, TokenFileError, gateway_token


def test_the_first_start_makes_a_private_token_and_the_next_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "gateway.token"
    token = gateway_token(path, {})
    assert len(token) == 43
    assert path.stat().st_mode & 0o777 == 0o600
    assert gateway_token(path, {}) == token


def test_the_environment_wins_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gateway.token"
    assert gateway_token(path, {VARIABLE: " given "}) == "given"
    assert not path.exists()


def test_a_file_that_others_could_read_is_made_private(tmp_path: Path) -> None:
    path = tmp_path / "gateway.token"
    path.write_text("mine\n")
    path.chmod(0o644)
    assert gateway_token(path, {}) == "mine"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "\n", "two\nlines", "x" * 4097])
def test_a_file_without_a_token_is_an_error_that_names_the_fix(tmp_path: Path, content: str) -> None:
    path = tmp_path / "gateway.token"
    path.write_text(content)
    with pytest.raises(TokenFileError, match="delete it"):
        gateway_token(path, {})


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TokenFileError, match=VARIABLE):
        gateway_token(tmp_path / "missing" / "gateway.token", {})
