"""A support bundle of a box that is full of secrets holds none of them."""

from __future__ import annotations

import json
import tarfile
from base64 import b64encode
from pathlib import Path

from tests.integration.box import no_engine
from tests.integration.gateway_process import TOKEN, GatewayProcess

_SAID = "the combination of the safe in the cellar is nineteen forty four"
_NOTE = "Karl must never know about the surprise"
_SECRETS = {
    "a key in the settings": "sk-settings-abcdefghijklmnop",
    "a key of the environment": "env-key-abcdefghijklmnop",
    "a key of a certificate": "tls-key-abcdefghijkl",
    "a token of another gateway": "other-token-abcdefghijklmnop",
    "the name of a phone": "Annas Schlautelefon",
    "the name of the owner": "Annabella",
    "a file of the workspace": "workspace-file-name.txt",
}


def _texts(file: Path) -> dict[str, str]:
    with tarfile.open(file) as archive:
        found = {}
        for member in archive:
            inside = archive.extractfile(member)
            assert inside is not None
            found[member.name.removeprefix("homarus-support/")] = inside.read().decode()
        return found


def _prepared(box: GatewayProcess) -> None:
    """Put secrets, names and sentences wherever a box keeps something."""
    for name, content in {
        "tls/extra.pem": f"-----BEGIN PRIVATE KEY-----\n{_SECRETS['a key of a certificate']}\n",
        "client/other.json": json.dumps({"token": _SECRETS["a token of another gateway"]}),
        f"workspace/{_SECRETS['a file of the workspace']}": _SAID,
        "archive/old.jsonl": _SAID,
    }.items():
        (box.state / name).parent.mkdir(parents=True, exist_ok=True)
        (box.state / name).write_text(content)


def test_nothing_private_is_in_a_bundle_and_what_helps_is(tmp_path: Path) -> None:
    config = {
        "models": {"providers": {"x": {"baseUrl": "http://127.0.0.1:9", "apiKey": _SECRETS["a key in the settings"]}}},
        "agents": {"entries": {"main": {"name": _SECRETS["the name of the owner"]}}},
    }
    environ = {"OTHER_API_KEY": _SECRETS["a key of the environment"]}
    box = GatewayProcess(tmp_path / "state", config, **no_engine(tmp_path), **environ)
    file = tmp_path / "support.tar.gz"
    with box:
        _prepared(box)
        assert box.homarus("ask", "--session", "trip", _SAID).returncode == 0
        box.call("sessions.patch", {"key": "agent:main:trip", "label": _SECRETS["the name of a phone"]})
        box.homarus("ask", "--session", "trip", _NOTE)
        with (box.state / "logs/gateway.log").open("a") as log:
            own = (box.state / "device.key").read_bytes()
            for text in (
                *_SECRETS.values(),
                TOKEN,
                own.hex(),
                b64encode(own).decode(),
                _SAID,
                f"it failed near: {_SAID[10:50]}",
                _NOTE,
            ):
                log.write(json.dumps({"level": "error", "message": f"something about {text} went wrong"}) + "\n")
        done = box.homarus("support", str(file), "--json")
        assert done.returncode == 0, done.stderr
    texts = _texts(file)
    everything = "\n".join(texts.values())
    for what, secret in _SECRETS.items():
        assert secret not in everything, what
    for words in (
        own.hex(),
        b64encode(own).decode(),
        TOKEN,
        "safe in the cellar",
        "nineteen forty",
        "Karl must never",
        "surprise",
        "Schlautelefon",
    ):
        assert words not in everything, words
    assert "went wrong" in texts["gateway.log"]
    assert "engine_absent" in texts["doctor.json"]
    assert "blobs" in texts["sizes.txt"]
    assert json.loads(texts["about.json"])["version"]
    assert "baseUrl" in texts["settings.json5"]
    for name in texts:
        assert name == "INDEX.txt" or name in texts["INDEX.txt"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_bundle_can_be_made_while_no_gateway_runs(tmp_path: Path) -> None:
    box = GatewayProcess(tmp_path / "state", **no_engine(tmp_path))
    done = box.homarus("support", str(tmp_path / "support.tar.gz"))
    assert done.returncode == 0, done.stderr
    assert "gateway_away" in _texts(tmp_path / "support.tar.gz")["doctor.json"]
