from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.unit.gateway.http.server import AUTH, HttpBox, open_http


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[HttpBox]:
    async with open_http(tmp_path) as one:
        yield one


@pytest.fixture
async def session(http: HttpBox) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that knows the secret."""
    async with aiohttp.ClientSession(http.url, headers=AUTH) as one:
        yield one
