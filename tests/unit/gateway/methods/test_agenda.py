"""Timers, alarms and reminders for those who show them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from appliance.agenda.setting import timer
from appliance.agenda.store import add_in
from appliance.events import AgendaChanged
from appliance.tools.base import ToolContext
from tests.unit.gateway.methods.box import Box, Refused, caller

MAIN, OTHER = "agent:main:main", "agent:main:kitchen"


async def set_timer(box: Box, name: str, seconds: int, key: str = MAIN) -> str:
    context = ToolContext(key, "main", "r", name, box.clock.now_ms(), ZoneInfo("Europe/Vienna"))
    due = timer(name, seconds, name, context)
    await box.agenda.write(lambda connection: add_in(connection, due))
    return due.id


async def test_what_is_pending_comes_nearest_first_with_what_is_left(box: Box) -> None:
    await set_timer(box, "bread", 3600, OTHER)
    tea = await set_timer(box, "tea", 240)
    answer = await box.call("homarus.agenda.list")
    assert answer["total"] == 2
    first, second = answer["rows"]
    assert (first["id"], first["kind"], first["text"], first["durationS"]) == (tea, "timer", "tea", 240)
    assert first["leftMs"] == first["dueMs"] - answer["nowMs"]
    assert 0 < first["leftMs"] <= 240_000
    assert (second["sessionKey"], second["zone"]) == (OTHER, "Europe/Vienna")
    only = await box.call("homarus.agenda.list", {"sessionKey": "main"})
    assert [row["text"] for row in only["rows"]] == ["tea"]
    assert (await box.call("homarus.agenda.list", {"agentId": "main", "kind": "alarm"}))["rows"] == []


async def test_more_than_the_limit_is_counted_not_shown(box: Box) -> None:
    for number in range(3):
        await set_timer(box, f"t{number}", 60 + number)
    answer = await box.call("homarus.agenda.list", {"limit": 2})
    assert ([row["text"] for row in answer["rows"]], answer["total"]) == (["t0", "t1"], 3)
    await box.call("homarus.agenda.list", {"limit": 500})
    with pytest.raises(Refused, match="limit"):
        await box.call("homarus.agenda.list", {"limit": 501})


async def test_cancelling_says_what_went_and_tells_everybody(box: Box) -> None:
    told: list[AgendaChanged] = []
    tea = await set_timer(box, "tea", 60)
    box.bus.listen(AgendaChanged, told.append)
    answer = await box.call("homarus.agenda.cancel", {"ids": [tea, "nothing", tea]})
    assert [row["text"] for row in answer["cancelled"]] == ["tea"]
    assert answer["missing"] == ["nothing"]
    assert len(told) == 1
    assert (await box.call("homarus.agenda.list"))["total"] == 0
    again = await box.call("homarus.agenda.cancel", {"ids": [tea]})
    assert (again["cancelled"], again["missing"]) == ([], [tea])


async def test_a_hundred_are_cancelled_at_once_and_not_one_more(box: Box) -> None:
    assert len((await box.call("homarus.agenda.cancel", {"ids": [str(n) for n in range(100)]}))["missing"]) == 100
    with pytest.raises(Refused):
        await box.call("homarus.agenda.cancel", {"ids": [str(n) for n in range(101)]})


async def test_who_may_only_read_cancels_nothing(box: Box) -> None:
    reader = caller(frozenset({"operator.read"}))
    assert (await box.call("homarus.agenda.list", by=reader))["rows"] == []
    with pytest.raises(Refused, match="missing scope"):
        await box.call("homarus.agenda.cancel", {"ids": ["x"]}, by=reader)
