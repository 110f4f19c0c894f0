from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.mesh.box import Box, box


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Box]:
    async with box(tmp_path) as opened:
        yield opened
