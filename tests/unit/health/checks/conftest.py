from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.health.checks.box import FilesOfABox


@pytest.fixture
def box(tmp_path: Path) -> FilesOfABox:
    return FilesOfABox(tmp_path)
