"""What a release is built from, and what it lets onto a box that runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from image import apt, board, build, keyring, layouts, tools
from image.context import Context
from image.errors import ImageError
from image.stages import base, overlay
from tests.image.kept import kept_tree

_TRUST = keyring.Trust("development", Path("/keys/keyring.pem"), Path("/keys/channel.pub"))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The public half of a maker's keys."""
    for name in ("keyring.pem", "channel.pub"):
        (tmp_path / name).write_text("")
    return tmp_path


def _machine(monkeypatch: pytest.MonkeyPatch, *options: str) -> None:
    """Let this machine have one source of Debian's packages, with options between the brackets, and one of others."""
    source = apt.Source("http://mirror.example/debian", "bookworm", ("main",), options)
    other = apt.Source("http://tools.example", "stable", ("main",), ("trusted=yes",))
    monkeypatch.setattr(apt, "read_sources", lambda: [source, other])
    monkeypatch.setattr(apt, "code_name", lambda: "bookworm")


@pytest.mark.parametrize("option", ["trusted=yes", "Trusted=1", "trusted=true"])
def test_a_release_is_not_built_from_packages_that_nobody_signed(
    keys: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    _machine(monkeypatch, "arch=amd64", option)
    with pytest.raises(ImageError, match=f"nobody signed: deb .*{option}.* http://mirror.example/debian trixie main"):
        build.context("nuc", version="1.0.0", keys=keys)


def test_a_release_is_built_from_signed_packages(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg", "trusted=no")
    assert build.context("nuc", version="1.0.0", keys=keys).trust.kind == "release"


def test_a_development_image_is_built_from_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, "trusted=yes")
    monkeypatch.setattr(keyring, "trust", lambda _: _TRUST)
    assert build.context("nuc", version="1.0.0").trust.kind == "development"


@pytest.mark.parametrize("stage", ["base", "unpacked", "tools"])
def test_a_release_takes_nothing_out_of_the_cache_that_was_made_from_packages_nobody_signed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stage: str
) -> None:
    monkeypatch.setenv("HOMARUS_IMAGE_CACHE", str(tmp_path))
    monkeypatch.setattr(base.tools, "quietly", lambda *_: None)
    monkeypatch.setattr(apt.Bootstrap, "command", lambda _, target, __: target.mkdir())

    def made(*options: str) -> Path:
        _machine(monkeypatch, *options)
        match stage:
            case "base":
                return base.make(board.load("nuc"), 0)
            case "unpacked":
                return base.unpacked(("shim-signed",), "amd64")
        return tools.tree(arch="amd64")

    signed = made("signed-by=/usr/share/keyrings/debian-archive-keyring.gpg")
    doubtful = made("trusted=yes")
    assert doubtful != signed
    assert made() == made("trusted=no") == signed, "any signed archive will do"
    assert made("Trusted=1") == doubtful


@pytest.mark.parametrize("version", ["banana", "1.0.0.1", "v1.0", "1.0.0+build", "1.0.0\n", "1..0", "1.0-"])
def test_a_version_that_rauc_cannot_compare_is_refused(version: str) -> None:
    with pytest.raises(ImageError, match="is no version"):
        build.context("nuc", version=version)


def _configuration(name: str, version: str, folder: Path) -> str:
    return overlay._rauc(Context(board.load(name), version, 0, _TRUST, folder))


@pytest.mark.parametrize("name", board.names())
def test_a_box_lets_no_older_bundle_in_than_what_it_runs(name: str, tmp_path: Path) -> None:
    lines = _configuration(name, "1.4.0-beta.2", tmp_path).partition("[keyring]")[0].splitlines()
    assert lines.count("min-bundle-version=1.4.0-beta.2") == 1


def test_the_manifest_says_what_a_stand_in_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> list[str]:
        return build._stand_ins(Context(layouts.configured(board.load("rpi")), "1", 0, _TRUST, tmp_path))

    assert [("no trial boot" in each, "Pi 5 does not start" in each) for each in told()] == [
        (True, False),
        (False, True),
    ]
    (tmp_path / "key.gpg").touch()
    monkeypatch.setenv("HOMARUS_MAKER_ARCHIVE", "http://maker.example/debian")
    monkeypatch.setenv("HOMARUS_MAKER_KEY", str(tmp_path / "key.gpg"))
    assert told() == []


@pytest.mark.image
@pytest.mark.parametrize("version", ["1.4.0", "0.1.0-dev", "2.0", "1.4.0-beta.2"])
@pytest.mark.parametrize("name", ["nuc", "rpi"])
def test_rauc_of_the_box_reads_its_configuration(name: str, version: str, tmp_path: Path) -> None:
    if kept_tree("tools") is None:
        pytest.skip("the tools tree is not here: scripts/image makes it")
    text = _configuration(name, version, tmp_path).replace("/data/system/rauc", str(tmp_path))
    (tmp_path / "system.conf").write_text(text.replace("/run/rauc/mnt", str(tmp_path / "mnt")))
    words = ["rauc", f"--conf={tmp_path}/system.conf", "service"]
    with pytest.raises(ImageError) as refused:  # no bus, no box: but a mistake in the configuration comes before that
        tools.run(["env", "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/none", *words], [tmp_path])
    assert "Failed to load system config" not in str(refused.value)
    assert "Using system config file" in str(refused.value)
