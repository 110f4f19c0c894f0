from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from appliance.sessions.migrations import MIGRATIONS
from appliance.sessions.model import Inbound, Source
from appliance.sessions.store import SessionStore
from appliance.storage import BlobRef, Database
from tests.fakes.clock import FakeClock

KEY = "agent:main:main"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(tmp_path / "state.sqlite", MIGRATIONS, clock=FakeClock())
    yield opened
    await opened.aclose()


@pytest.fixture
def store(database: Database, tmp_path: Path) -> SessionStore:
    numbers = count(1)
    return SessionStore(database, archive=tmp_path / "archive", ids=lambda: f"session-{next(numbers)}")


def inbound(
    run_id: str,
    text: str = "hello",
    *,
    key: str = KEY,
    idempotency_key: str | None = None,
    digest: str | None = None,
    source: Source = Source.MESSAGE,
    attachments: tuple[BlobRef, ...] = (),
    received_ms: int = 100,
) -> Inbound:
    return Inbound(
        run_id,
        key,
        key.split(":")[1],
        source,
        text,
        attachments,
        idempotency_key or run_id,
        digest or text,
        "main",
        received_ms,
        {"client": "test", "queueMode": None},
    )


def said(text: str, role: str = "assistant") -> tuple[str, dict[str, object], None]:
    return (role, {"role": role, "content": [{"type": "text", "text": text}], "timestamp": 1}, None)
