from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from appliance.mesh.reports import Reports
from tests.unit.mesh.box import Box

STATS: dict[str, Any] = {
    "cpuCount": 4,
    "loadAverage": [0.111, 0.2, 0.3],
    "memoryTotalBytes": 8_000,
    "memoryFreeBytes": 4_000,
    "diskTotalBytes": 100,
    "diskAvailableBytes": 50,
}


@pytest.fixture
async def reports(home: Box) -> Reports:
    await home.join("attic", "device.info", trusted=True)
    return Reports(home.mesh, home.bus, home.clock)


def text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


async def test_how_a_machine_is_comes_as_an_object_or_as_text(home: Box, reports: Reports) -> None:
    assert reports.heard("attic", "node.host.stats", STATS, None) == (True, "updated")
    record = home.mesh.record("attic")
    assert record is not None
    assert record.host_stats is not None
    assert (record.host_stats.cpu_count, record.host_stats.load_average) == (4, (0.11, 0.2, 0.3))
    assert reports.heard("attic", "node.host.stats", msgspec.UNSET, text({**STATS, "cpuCount": 8})) == (True, "updated")
    record = home.mesh.record("attic")
    assert record is not None
    assert record.host_stats is not None
    assert record.host_stats.cpu_count == 8


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        "x",
        {**STATS, "cpuCount": -1},
        {**STATS, "loadAverage": [1, 2, 3, 4]},
        {**STATS, "loadAverage": [-1]},
        {**STATS, "memoryTotalBytes": 2**60},
        {name: value for name, value in STATS.items() if name != "diskTotalBytes"},
    ],
)
async def test_what_is_no_measure_is_not_kept(home: Box, reports: Reports, wrong: Any) -> None:
    assert reports.heard("attic", "node.host.stats", wrong, None) == (False, "invalid payload")
    assert reports.heard("attic", "node.host.stats", msgspec.UNSET, text(wrong)) == (False, "invalid payload")
    record = home.mesh.record("attic")
    assert record is not None
    assert record.host_stats is None
    assert home.heard("node.hostStats") == []


@pytest.mark.parametrize("broken", ["{", "[" * 100, "\ud800"])
async def test_text_that_is_no_json_is_not_kept(reports: Reports, broken: str) -> None:
    assert reports.heard("attic", "node.host.stats", msgspec.UNSET, broken) == (False, "invalid payload")
    assert reports.heard("attic", "node.presence.alive", msgspec.UNSET, broken) == (False, "invalid payload")


async def test_clients_are_told_at_a_pace_however_often_a_node_reports(home: Box, reports: Reports) -> None:
    for _ in range(10):
        reports.heard("attic", "node.host.stats", STATS, None)
    assert len(home.heard("node.hostStats")) == 1
    home.clock.advance(5)
    reports.heard("attic", "node.host.stats", STATS, None)
    assert len(home.heard("node.hostStats")) == 2


async def test_a_sign_of_life_says_why(home: Box, reports: Reports) -> None:
    home.clock.advance(60)
    assert reports.heard("attic", "node.presence.alive", {"trigger": "significant-location"}, None)[0]
    record = home.mesh.record("attic")
    assert record is not None
    assert (record.last_seen_ms, record.last_seen_reason) == (home.clock.now_ms(), "significant-location")
    reports.heard("attic", "node.presence.activity", {"trigger": "a\nb"}, None)
    record = home.mesh.record("attic")
    assert record is not None
    assert record.last_seen_reason == "activity"


async def test_an_event_that_nothing_uses_says_so(reports: Reports) -> None:
    assert reports.heard("attic", "voice.transcript", {"text": "hi"}, None)[0] is False


async def test_a_report_that_comes_with_the_hello_is_kept_too(home: Box) -> None:
    """Published nodes report at once; the first time that is before their surface was judged."""
    reports = Reports(home.mesh, home.bus, home.clock)
    await home.pair("attic")
    joining = asyncio.create_task(home.join("attic", "device.info", trusted=True))
    while home.mesh.live("attic") is None:
        await asyncio.sleep(0)
    assert home.mesh.record("attic") is None
    reports.heard("attic", "node.host.stats", STATS, None)
    await joining
    record = home.mesh.record("attic")
    assert record is not None
    assert record.host_stats is not None
