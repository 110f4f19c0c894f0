import os
import pickle
from pathlib import Path

import msgspec
import pytest

from appliance.config.errors import IssueSeverity, Refused
from appliance.config.load import Loaded, load_text
from appliance.config.schema import usable
from appliance.config.values import REDACTED, Secret

HERE = Path("/nonexistent")


def read(text: str, environ: dict[str, str] | None = None, folder: Path = HERE) -> Loaded:
    return load_text(text, environ or {}, folder=folder)


def errors(loaded: Loaded) -> dict[str, str]:
    return {one.path: f"{one.message}|{one.hint}" for one in loaded.issues if one.severity is IssueSeverity.ERROR}


def test_secrets_come_from_files_without_their_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-from-file\n")
    loaded = read("{gateway: {auth: {token: {file: 'key'}}}}", folder=tmp_path)
    assert usable(loaded.config.gateway).auth.token == Secret("sk-from-file")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("'${NOT_SET}'", "NOT_SET is not set"),
        ("{file: 'missing'}", "cannot be read"),
        ("{file: 'folder'}", "cannot be read"),
        ("{file: 'large'}", "larger than"),
        ("{file: 'lines'}", "line break"),
        ("{file: 'empty'}", "empty"),
        ("{file: 'pipe'}", "not a file"),
        ("{file: 'binary'}", "UTF-8"),
        ("{source: 'exec', provider: 'op', id: 'x'}", "cannot be read by this box"),
        ("{source: 'magic', id: 'x'}", "a reference is"),
        ("3", "must be a text"),
        ("'" + REDACTED + "'", "mask"),
    ],
)
def test_a_secret_that_cannot_be_had_refuses_its_part_without_showing_anything(
    tmp_path: Path, value: str, words: str
) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, content in {"large": b"x" * 65_537, "lines": b"a\nb", "empty": b"\n", "binary": b"\xff"}.items():
        (tmp_path / name).write_bytes(content)
    loaded = read(f"{{gateway: {{auth: {{token: {value}}}}}}}", folder=tmp_path)
    assert words in errors(loaded)["gateway.auth.token"]
    assert isinstance(loaded.config.gateway, Refused)


def test_a_secret_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"x" * 65_536)
    assert read("{gateway: {auth: {token: {file: 'key'}}}}", folder=tmp_path).valid


def test_texts_take_variables_and_an_escaped_one_stays() -> None:
    config = read("{agents: {defaults: {workspace: '${HOME_DIR}/w$${X}'}}}", {"HOME_DIR": "/h"}).config
    assert usable(config.agents).defaults.workspace == "/h/w${X}"


def test_a_secret_is_never_shown() -> None:
    secret = Secret("very-secret")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r}", repr({"a": secret}), repr([secret])]
    assert not any("very-secret" in one for one in shown)
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    loaded = read(
        "{gateway: {auth: {token: 'very-secret', mode: 'x'}}, models: {providers: {p: {apiKey: 'very-secret'}}}}"
    )
    assert "very-secret" not in repr(loaded.config)
    assert "very-secret" not in repr(loaded.issues)


def test_the_hash_depends_on_the_text_and_on_the_box() -> None:
    one, other = (load_text("{}", {}, folder=HERE, hash_key=key).hash for key in (b"a", b"b"))
    assert one.startswith("hmac-sha256:v1:")
    assert one != other
    assert load_text("{ }", {}, folder=HERE, hash_key=b"a").hash != one
