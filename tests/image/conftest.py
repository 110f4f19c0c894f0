"""Tests that boot the image run on demand: HOMARUS_IMAGE_TEST names the board, and scripts/image-test sets it.

They tell one story in the order of their files and functions: where a step of a file fails, the rest of it is skipped.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from image.cache import cache_folder
from tests.image.story import Built, Story

_BOARD = os.environ.get("HOMARUS_IMAGE_TEST", "")
_FULL = os.environ.get("HOMARUS_IMAGE_FULL") == "1"
_CACHE = str(cache_folder())  # read here: a test has another HOME and another environment
_ORDER = (
    "test_story",
    "test_story_updates",
    "test_story_hardship",
    "test_power_cuts",
    "test_first_boots",
    "test_admin",
    "test_figures",
)
_STORY = "test_story"  # how the files of the story are called
_FAILED = pytest.StashKey[dict[str, str]]()
# Deadlines of the product are for slow boxes; the tests wait for some of them to pass.
_CREDENTIALS = {
    "systemd.unit-dropin.homarus-gate.service": "[Service]\nEnvironment=HOMARUS_GATE_PATIENCE_S=60\n",
    "systemd.unit-dropin.homarus-deadline.timer": "[Timer]\nOnActiveSec=\nOnActiveSec=7min\n",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.stash[_FAILED] = {}
    items.sort(key=lambda item: _ORDER.index(item.path.stem) if item.path.stem in _ORDER else -1)
    for item in items:
        if item.get_closest_marker("qemu") and not _BOARD:
            item.add_marker(pytest.mark.skip(reason="boots the image: run scripts/image-test"))
        elif item.get_closest_marker("slow") and not _FULL:
            item.add_marker(pytest.mark.skip(reason="only with scripts/image-test --full"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    failed = item.config.stash[_FAILED].get(_STORY)
    if failed and item.path.stem.startswith(_STORY):
        pytest.skip(f"{failed} failed before")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.path.stem.startswith(_STORY) and report.failed:
        item.config.stash[_FAILED].setdefault(_STORY, item.name)
        story = item.funcargs.get("story") if hasattr(item, "funcargs") else None
        if isinstance(story, Story):
            report.sections.append(("console of the box", story.machine.keep_logs()))
    if _BOARD and report.skipped and item.get_closest_marker("image") and not item.get_closest_marker("skip"):
        # scripts/image-test has made what these need: a test that still passes over it would look like a success.
        report.outcome, report.longrepr = "failed", f"skipped where nothing may be missing: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _the_cache_of_builds(_private_state: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What builds keep is shared with them, unlike the state of a test."""
    monkeypatch.setenv("HOMARUS_IMAGE_CACHE", _CACHE)


@pytest.fixture(scope="session")
def built(workshop: Path) -> Built:
    """What is proved."""
    folder = workshop / "built"
    folder.mkdir()
    return Built.of(_BOARD, folder)


@pytest.fixture(scope="session")
def workshop() -> Iterator[Path]:
    """A folder for disks: several gigabytes, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="homarus-proof-", dir=os.environ.get("HOMARUS_IMAGE_WORK") or None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def ids_seen() -> list[dict[str, str]]:
    """The ids of every box of this run: a new one has none of them."""
    return []


@pytest.fixture(scope="session")
def the_story(built: Built, workshop: Path) -> Iterator[Story]:
    folder = workshop / "story"
    folder.mkdir()
    story = Story(built, folder, _CREDENTIALS)
    yield story
    story.close()


@pytest.fixture
def story(the_story: Story) -> Iterator[Story]:
    """The box of the story, as the steps before left it."""
    yield the_story
    the_story.machine.guest.close()  # a socket must not outlive its test
