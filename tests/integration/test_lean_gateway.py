"""An idle gateway holds little: no module that nobody needs yet, and memory that a small box has."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.client.connection import connect
from appliance.client.errors import RequestFailed
from tests.bench.idle import asleep, heavy, imported
from tests.bench.process import memory
from tests.bench.rig import config
from tests.integration.gateway_process import GatewayProcess

# The goal is 45 MB (scripts/bench shows the value, beside a floor); the rest is room for other Pythons and kernels.
_MAX_PSS_MB = 54.0
_UNADVERTISED = ("sessions.usage", "node.runnerInventory.update")


@pytest.fixture
def second_start(tmp_path: Path) -> Iterator[GatewayProcess]:
    """A gateway whose database is there already: only a first start loads what makes it."""
    with GatewayProcess(tmp_path, config(1)):
        pass
    with GatewayProcess(tmp_path, config(1), PYTHONPROFILEIMPORTTIME="1") as gateway:
        yield gateway


def test_an_idle_gateway_holds_nothing_that_nobody_asked_for_and_little_memory(second_start: GatewayProcess) -> None:
    modules = imported(second_start)
    assert "appliance.daemon.gateway" in modules
    assert heavy(modules) == []
    assert asleep(modules) == []
    assert memory(second_start.pid).pss < _MAX_PSS_MB


def test_every_method_that_hello_names_is_there_when_it_is_called(second_start: GatewayProcess) -> None:
    names = asyncio.run(_named(second_start))
    assert "update.status" in names
    assert not {*_UNADVERTISED} & {*names}
    for name in (*names, *_UNADVERTISED):
        with pytest.raises(RequestFailed) as refused:  # nothing takes a text: each is loaded, and none does anything
            second_start.call(name, "a text")
        assert (refused.value.wire_code, "unknown method" in str(refused.value)) == ("INVALID_REQUEST", False), name
    assert {"appliance.updates.standing", "appliance.onboarding.flow"} <= imported(second_start)


async def _named(gateway: GatewayProcess) -> list[str]:
    async with connect(gateway.target) as connection:
        names: list[str] = connection.hello["features"]["methods"]
        return names
