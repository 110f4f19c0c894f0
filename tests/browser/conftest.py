"""These tests need Chromium and take minutes: only scripts/browser collects them (HOMARUS_BROWSER=1)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser.chromium import Chromium, chromium
from tests.browser.house import house
from tests.fakes.cloud.server import FakeCloud
from tests.integration.gateway_process import GatewayProcess

if os.environ.get("HOMARUS_BROWSER") != "1":
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Chromium]:
    """A fresh browser."""
    async with chromium(tmp_path / "browser") as one:
        yield one


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[tuple[GatewayProcess, FakeCloud]]:
    """A fresh gateway on loopback, and the service that answers for it."""
    async with house(tmp_path) as both:
        yield both
