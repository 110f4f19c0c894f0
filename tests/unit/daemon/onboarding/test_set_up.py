"""The set-up as it runs: one at a time, a bounded number that wait, and a state that is never written backwards."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from appliance.daemon.onboarding.box_facts import BoxFacts
from appliance.daemon.onboarding.pairing_code import PairingCode
from appliance.daemon.onboarding.set_up import _MAX_WAITING, Around, Onboarding
from appliance.foundation.errors import OverloadedError
from appliance.foundation.paths import StatePaths
from appliance.gateway.method import Call
from appliance.onboarding import record
from appliance.onboarding.model import Status, StepName
from tests.protocol.test_wizard_schemas import _CALL as CALL
from tests.unit.daemon.live import Live


@dataclass
class _Codes:
    """No code, no device."""

    made: int = 0

    async def make(self, call: Call) -> None:
        self.made += 1

    def shown(self, now_ms: int) -> None: ...

    def paired(self, now_ms: int) -> None: ...

    async def devices(self) -> int:
        return 0

    def forget(self) -> None: ...


@dataclass
class _Local:
    """No model beside the embedded one."""

    path: None = None


@dataclass
class _Box:
    """A set-up with a configuration that can be held in the middle of a change."""

    folder: Path
    patches: list[dict[str, Any]] = field(default_factory=list)
    free: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.free.set()
        facts = BoxFacts(
            Live(self.folder).config, cast(Any, _Local()), cast(Any, None), cast(PairingCode, _Codes()), "loopback"
        )
        paths = StatePaths(self.folder, self.folder / "homarus.json5")
        self.set_up = Onboarding(Around(facts, paths, self.change, lambda: None))

    async def change(self, call: Call, patch: dict[str, Any]) -> None:
        await self.free.wait()
        self.patches.append(patch)


async def test_of_those_that_wait_one_more_than_may_is_told_so_at_once(tmp_path: Path) -> None:
    box = _Box(tmp_path)
    await box.set_up.start(CALL)
    box.free.clear()
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(box.set_up.next(CALL, "language", "de")) for _ in range(_MAX_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError, match="busy"):
            await box.set_up.next(CALL, None, None)
        box.free.set()
    assert {one.result()[0].step for one in waiting} == {StepName.NAME}
    assert box.patches == [{"locale": "de"}], "the first answer counts, the others come too late"


async def test_who_leaves_while_an_answer_is_done_leaves_after_it(tmp_path: Path) -> None:
    box = _Box(tmp_path)
    await box.set_up.start(CALL)
    box.free.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(box.set_up.next(CALL, "language", "fr"))
        await asyncio.sleep(0)
        group.create_task(box.set_up.cancel())
        await asyncio.sleep(0)
        box.free.set()
    kept = record.load(tmp_path / record.FILE)
    assert kept is not None
    assert (kept.status, kept.step, kept.language) == (Status.CANCELLED, StepName.NAME, "fr")
    assert kept == box.set_up.state
