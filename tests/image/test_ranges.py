"""The server of update bundles: whole files, parts of them, and how much of them was fetched."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.ranges import Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "bundle").write_bytes(bytes(range(256)) * 10)
    server = Served(tmp_path, tmp_path / "log")
    yield server
    server.close()


def _get(server: Served, name: str, wanted: str = "") -> tuple[int, str | None, bytes]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/{name}", headers={"Range": wanted} if wanted else {}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.headers["Content-Range"], answer.read()


def test_a_part_of_a_file_is_served_alone_and_counted(served: Served) -> None:
    whole = bytes(range(256)) * 10
    assert _get(served, "bundle") == (200, None, whole)
    assert _get(served, "bundle", "bytes=10-19") == (206, "bytes 10-19/2560", whole[10:20])
    assert _get(served, "bundle", "bytes=2550-") == (206, "bytes 2550-2559/2560", whole[2550:])
    assert _get(served, "bundle", "bytes=2550-9999") == (206, "bytes 2550-2559/2560", whole[2550:])
    assert served.sent() == 30


def test_what_is_not_there_is_refused(served: Served) -> None:
    for name, wanted, status in (("nothing", "bytes=0-1", 404), ("bundle", "bytes=2560-", 416)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            _get(served, name, wanted)
        caught.value.close()
        assert caught.value.code == status
