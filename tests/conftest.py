"""Guards for every test (tests/guards.py) and a private state directory. No fixtures of a subject live here."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx

from tests.guards import NetworkGuard, TaskGuard, new_threads, open_files, thread_ids

_LONG = os.environ.get("HOMARUS_LONG") == "1"
_TESTS = Path(__file__).parent
_LONGEST_FIRST = ("scenarios", "architecture", "integration", "web")
# A developer's own keys and settings must neither reach a test nor change it.
_KEPT = ("HOMARUS_LONG", "HOMARUS_ENGINE_DIR", "HOMARUS_PYTHON")
_FOREIGN = ("_API_KEY", "_TOKEN", "_PROXY", "_proxy")

_BLOCKING = ("time.", "socket.", "ssl.", "sqlite3.", "select.")
_THREADS = pytest.StashKey[frozenset[int]]()
_network = NetworkGuard()
_tasks = TaskGuard()
_numbers = count(1)


def pytest_configure(config: pytest.Config) -> None:
    _network.install()
    _tasks.install()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        # One of several processes: what takes minutes begins first, so that none is left with it at the end.
        items.sort(key=_place)
    skip = pytest.mark.skip(reason="a long form: set HOMARUS_LONG=1")
    for item in items:
        if not _LONG and item.get_closest_marker("long"):
            item.add_marker(skip)


def _place(item: pytest.Item) -> int:
    part = item.path.relative_to(_TESTS).parts[0]
    return _LONGEST_FIRST.index(part) if part in _LONGEST_FIRST else len(_LONGEST_FIRST)


def pytest_collection_finish() -> None:
    """Keep what is imported by now out of the collections that follow every module: they took a second each."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    item.stash[_THREADS] = thread_ids()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Check after every fixture of the test is gone that nothing of it is left."""
    result = yield
    problems = [
        *(f"reached out to {each}" for each in _network.take()),
        *(f"left the task {each}" for each in _tasks.take()),
        *(f"left the thread {each}" for each in new_threads(item.stash[_THREADS])),
    ]
    item.stash[_THREADS] = thread_ids()
    if problems:
        pytest.fail("; ".join(problems), pytrace=False)
    return result


@pytest.fixture(scope="module", autouse=True)
def _no_leaked_files() -> Iterator[None]:
    """Fail a module that holds more sockets or state files open than it found."""
    before = open_files()
    yield
    gc.collect()
    after = open_files()
    leaked = {
        name: number - before.get(name, 0)
        for name, number in after.items()
        if number > before.get(name, 0) and (name == "socket" or name.startswith(tempfile.gettempdir()))
    }
    if leaked:
        pytest.fail(f"left open: {leaked}", pytrace=False)


@pytest.fixture(scope="session")
def _state_base() -> Iterator[Path]:
    """A folder with a short name: the path of a Unix socket holds 107 bytes."""
    base = Path(tempfile.mkdtemp(prefix="ht"))
    yield base
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(autouse=True)
def _private_state(_state_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point HOME and the state directory to a place of this test; it is made when something is put there."""
    home = _state_base / str(next(_numbers))
    for name in list(os.environ):
        ours = name.startswith("HOMARUS_") and name not in _KEPT
        if ours or name.endswith(_FOREIGN):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("HOMARUS_STATE_DIR", str(home / "s"))


@pytest.fixture(autouse=True)
def _no_blocking_call_in_the_loop() -> Iterator[None]:
    """Fail a test whose event loop the product stops: it sleeps, or waits for a socket or for SQLite.

    Short reads of small files and locks that are held for microseconds are let through: at start-up they are right.
    """
    with blockbuster_ctx("appliance") as guard:
        for name, function in guard.functions.items():
            if not name.startswith(_BLOCKING):
                function.deactivate()
        yield
