"""Models that are made once and engines that live for one module."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.engine.process import EngineProcess, make_model


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A place with a short name: the path of a Unix socket holds 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="hm-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def random_model(folder: Path) -> Path:
    return make_model(folder / "random.gguf")


@pytest.fixture(scope="session")
def slow_model(folder: Path) -> Path:
    """Reading its window takes long enough to be interrupted in it."""
    return make_model(folder / "slow.gguf", "--context", "16384", "--width", "256", "--layers", "4")


@pytest.fixture(scope="session")
def reciting_model(folder: Path) -> Path:
    return make_model(folder / "reciting.gguf", "--reply", "Grü", "ße", " aus", " dem", " 日", "本", ".")


@pytest.fixture(scope="module")
def engine(folder: Path, random_model: Path) -> Iterator[EngineProcess]:
    process = EngineProcess(folder / "random.sock", random_model, "--embeddings", "--active", "3")
    yield process
    assert process.stop() == 0, "it must still have been alive, and end cleanly"


@pytest.fixture(scope="module")
def slow_engine(folder: Path, slow_model: Path) -> Iterator[EngineProcess]:
    options = ("--context", "16384", "--active", "2", "--waiting", "2")
    process = EngineProcess(folder / "slow.sock", slow_model, *options)
    yield process
    assert process.stop() == 0, "it must still have been alive, and end cleanly"
