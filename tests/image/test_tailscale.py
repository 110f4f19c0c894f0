"""Tailscale as a part of an image: only where it was named, and only what was named."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from image import tailscale
from image.errors import ImageError


def _archive(*names: str) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for name in names:
            about = tarfile.TarInfo(f"tailscale_1.2.3_amd64/{name}")
            about.size = 3
            archive.addfile(about, io.BytesIO(b"ELF"))
    return target.getvalue()


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("HOMARUS_IMAGE_CACHE", str(tmp_path / "cache"))
    content = _archive("tailscale", "tailscaled", "systemd/tailscaled.service")
    (tmp_path / "ts_amd64.tgz").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return {tailscale.SOURCE: f"{tmp_path}/ts_{{arch}}.tgz", tailscale.DIGESTS: f"amd64={digest} arm64={'0' * 64}"}


def test_an_image_has_none_unless_it_was_named() -> None:
    assert tailscale.parts("amd64", {}) == []


def test_both_programs_are_there_and_nothing_else(named: dict[str, str]) -> None:
    (part,) = tailscale.parts("amd64", named)
    inside = sorted(path.relative_to(part).as_posix() for path in part.rglob("*") if not path.is_dir())
    assert inside == [
        "usr/bin/tailscale",
        "usr/lib/homarus/tailscale/tailscale",
        "usr/lib/homarus/tailscale/tailscaled",
    ]
    assert (part / "usr/bin/tailscale").resolve() == (part / "usr/lib/homarus/tailscale/tailscale").resolve()
    assert (part / "usr/lib/homarus/tailscale/tailscaled").stat().st_mode & 0o777 == 0o755


def test_an_archive_without_its_digest_or_with_another_is_refused(named: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="SHA-256"):
        tailscale.parts("amd64", {tailscale.SOURCE: named[tailscale.SOURCE]})
    (tmp_path / "ts_arm64.tgz").write_bytes(b"something else")
    with pytest.raises(ImageError, match="take neither"):
        tailscale.parts("arm64", named)


@pytest.mark.parametrize("content", [b"", b"no archive", _archive("tailscale"), _archive("other")])
def test_an_archive_that_is_none_is_told(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="Tailscale"):
        tailscale.unpack(content, tmp_path)


def test_a_source_that_is_not_there_is_told(named: dict[str, str]) -> None:
    named[tailscale.SOURCE] = "/nowhere/ts_{arch}.tgz"
    with pytest.raises(ImageError, match="cannot be had"):
        tailscale.parts("amd64", named)
