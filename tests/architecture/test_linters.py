"""The linters run as tests, so that one command answers whether the code is good."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.source import ROOT


def _run(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def test_ruff_finds_nothing() -> None:
    _run("ruff", "check", "--output-format", "concise", "appliance", "image", "scripts", "tests")


@pytest.mark.timeout(420)  # a first run on a small machine reads every library's types
def test_mypy_strict_finds_nothing() -> None:
    _run("mypy")
