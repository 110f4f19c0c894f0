"""Tests that boot the image run on demand: HOMARUS_IMAGE_TEST names the board, and scripts/image-test sets it."""

from __future__ import annotations

import os

import pytest

from image.cache import cache_folder

_BOARD = os.environ.get("HOMARUS_IMAGE_TEST", "")
_FULL = os.environ.get("HOMARUS_IMAGE_FULL") == "1"
_CACHE = str(cache_folder())  # read here: a test has another HOME and another environment


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("qemu") and not _BOARD:
            item.add_marker(pytest.mark.skip(reason="boots the image: run scripts/image-test"))
        elif item.get_closest_marker("slow") and not _FULL:
            item.add_marker(pytest.mark.skip(reason="only with scripts/image-test --full"))


@pytest.fixture(autouse=True)
def _the_cache_of_builds(_private_state: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What builds keep is shared with them, unlike the state of a test."""
    monkeypatch.setenv("HOMARUS_IMAGE_CACHE", _CACHE)
