"""A box, its RAUC on a real bus and a server, for every test here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.bus import message_bus
from tests.fakes.rauc import FakeRauc
from tests.fakes.update_site import Site, TestBox, box, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as one:
        yield one


@pytest.fixture(scope="package")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with message_bus(tmp_path_factory.mktemp("bus")) as address:
        yield address


@pytest.fixture
def here(tmp_path: Path, site: Site, bus: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestBox]:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
    with FakeRauc().on(bus) as rauc:
        made = box(tmp_path / "box", site, rauc)
        site.publish(made.maker)
        yield made
