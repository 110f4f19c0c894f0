"""The light follows the box, and root is asked only when something changed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from appliance.daemon.care.light import Light
from appliance.health import Condition, HealthTracker, Severity
from appliance.host.request import HostAbsent, HostError
from tests.fakes.clock import FakeClock


class _Box:
    def __init__(self) -> None:
        self.tracker = HealthTracker()
        self.codes, self.installing = False, False
        self.shown: list[object] = []
        self.fails: Exception | None = None
        self.led = True
        self.light = Light(
            self.tracker, FakeClock(), pairing=lambda: self.codes, updating=self._updating, ask_root=self._ask
        )

    async def _updating(self) -> bool:
        return self.installing

    async def _ask(self, verb: str, params: Mapping[str, object]) -> Mapping[str, object]:
        assert verb == "led.set"
        if self.fails is not None:
            raise self.fails
        self.shown.append(params["state"])
        return {"led": self.led}


async def test_each_state_is_shown_once_the_most_urgent_first() -> None:
    box = _Box()
    for _ in range(3):
        assert await box.light.once()
    box.tracker.set(Condition("one", "x", Severity.NOTICE, "Worth knowing."))
    await box.light.once()
    box.tracker.set(Condition("two", "x", Severity.DEGRADED, "Wrong."))
    await box.light.once()
    box.codes = True
    await box.light.once()
    box.installing = True
    await box.light.once()
    box.codes = box.installing = False
    box.tracker.clear("two", "x")
    await box.light.once()
    assert box.shown == ["ready", "problem", "pairing", "updating", "ready"]


@pytest.mark.parametrize("kind", ["absent", "none"])
async def test_a_box_without_a_light_asks_once(kind: str) -> None:
    box = _Box()
    box.led = False
    box.fails = HostAbsent() if kind == "absent" else None
    await box.light.run()
    assert len(box.shown) == (0 if kind == "absent" else 1)


async def test_a_service_that_fails_is_not_asked_again_for_the_same() -> None:
    box = _Box()
    box.fails = HostError("host_failed", "It failed.")
    assert await box.light.once()
    box.fails = None
    assert await box.light.once()
    assert box.shown == []
