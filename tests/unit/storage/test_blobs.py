from __future__ import annotations

import stat
from pathlib import Path

import pytest

from appliance.storage import BlobMissingError, Blobs, BlobTooLargeError, DamagedError


async def test_a_blob_comes_back_by_its_hash_and_is_kept_once(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    first = await blobs.put(b"picture", "image/png")
    second = await blobs.put(b"picture", "image/jpeg")
    assert (first.sha256, first.size, first.media_type) == (second.sha256, 7, "image/png")
    assert await blobs.get(first.sha256) == b"picture"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 1
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", "0" * 64])
async def test_only_the_hash_of_a_kept_blob_names_a_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(BlobMissingError):
        await Blobs(tmp_path).get(name)


async def test_a_damaged_blob_is_told(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    ref = await blobs.put(b"picture", "image/png")
    blobs.path(ref.sha256).write_bytes(b"picturf")
    with pytest.raises(DamagedError):
        await blobs.get(ref.sha256)


async def test_one_blob_has_a_limit(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, max_blob_bytes=10)
    await blobs.put(b"x" * 10, "text/plain")
    with pytest.raises(BlobTooLargeError):
        await blobs.put(b"x" * 11, "text/plain")


async def test_all_blobs_together_have_a_limit_also_after_a_restart(tmp_path: Path) -> None:
    await Blobs(tmp_path, max_total_bytes=20).put(b"a" * 10, "text/plain")
    blobs = Blobs(tmp_path, max_total_bytes=20)
    await blobs.put(b"b" * 10, "text/plain")
    await blobs.put(b"b" * 10, "text/plain")
    with pytest.raises(BlobTooLargeError):
        await blobs.put(b"c", "text/plain")


async def test_a_sweep_removes_only_what_is_old_and_unnamed(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    named, unnamed = await blobs.put(b"named", "text/plain"), await blobs.put(b"unnamed", "text/plain")
    assert await blobs.sweep({named.sha256}, 0) == 0
    assert await blobs.sweep({named.sha256}, 1 << 62) == 7
    assert await blobs.get(named.sha256) == b"named"
    with pytest.raises(BlobMissingError):
        await blobs.get(unnamed.sha256)
