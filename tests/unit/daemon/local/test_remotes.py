"""Paired boxes of the configuration: what is wrong with them is said, and nothing waits for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from appliance.config.sections.models import PeerServeSection, RemoteBoxSection
from appliance.daemon.local.remotes import Remotes, serving_problem
from appliance.events import Bus
from appliance.foundation.tasks import TaskSet
from appliance.health import HealthTracker
from appliance.providers.base import Provider
from tests.certificates import papers
from tests.fakes.clock import FakeClock


class Models:
    """The catalog, as far as it matters here."""

    def __init__(self) -> None:
        self.known: dict[str, Provider] = {}

    def add(self, provider: Provider) -> None:
        self.known[provider.id] = provider

    def remove(self, provider_id: str) -> None:
        self.known.pop(provider_id, None)


@asynccontextmanager
async def _remotes(models: Models, tracker: HealthTracker) -> AsyncIterator[Remotes]:
    tasks = TaskSet("test")
    some: Any = models
    yield Remotes(
        models=some,
        local=lambda: None,
        offline=lambda: False,
        tracker=tracker,
        bus=Bus(),
        clock=FakeClock(),
        tasks=tasks,
    )
    await tasks.aclose()


def _section(folder: Path, **changes: Any) -> RemoteBoxSection:
    box = papers(folder, "box")
    section = RemoteBoxSection("127.0.0.1:9", str(box.identity.certificate), str(box.identity.key), "ab" * 32)
    return replace(section, **changes)


def _codes(tracker: HealthTracker) -> list[tuple[str, str]]:
    return [(one.code, one.subject) for one in tracker.conditions()]


@pytest.mark.parametrize("changes", [{"peer": "none"}, {"address": "nowhere"}])
async def test_settings_that_cannot_be_used_are_named(tmp_path: Path, changes: dict[str, str]) -> None:
    models, tracker = Models(), HealthTracker(lambda: None)
    async with _remotes(models, tracker) as remotes:
        remotes.follow({"attic": _section(tmp_path, **changes)})
        assert _codes(tracker) == [("peer_settings", "attic")]
        assert not models.known
        remotes.follow({})
        assert not _codes(tracker)


async def test_a_name_that_no_reference_can_hold_is_refused(tmp_path: Path) -> None:
    models, tracker = Models(), HealthTracker(lambda: None)
    async with _remotes(models, tracker) as remotes:
        remotes.follow({"my/box": _section(tmp_path)})
        assert _codes(tracker) == [("peer_settings", "my/box")]


def test_what_stands_in_the_way_of_serving_others_is_named(tmp_path: Path) -> None:
    box, guest = papers(tmp_path, "box"), papers(tmp_path, "guest")
    clients = tmp_path / "clients.pem"
    serve = PeerServeSection("0.0.0.0:4100", str(box.identity.certificate), str(box.identity.key), str(clients))
    assert serving_problem(None) is None
    missing = serving_problem(serve)
    assert missing is not None
    assert "clients.pem" in missing.summary
    clients.write_text(guest.pem)
    assert serving_problem(serve) is None
    box.identity.key.chmod(0o644)
    readable = serving_problem(serve)
    assert readable is not None
    assert "chmod 600" in readable.summary
