from __future__ import annotations

import asyncio

import pytest

from appliance.supervisor.supervisor import Supervisor


class Recorded:
    """A service that writes down what happens to it."""

    def __init__(self, name: str, log: list[str], *, fails_at: str = "", hangs: bool = False) -> None:
        self._name = name
        self._log = log
        self._fails_at = fails_at
        self._hangs = hangs

    @property
    def name(self) -> str:
        return self._name

    async def start(self) -> None:
        self._note("start")

    async def ready(self) -> None:
        self._note("ready")

    async def stop(self) -> None:
        if self._hangs:
            await asyncio.Event().wait()
        self._note("stop")

    def _note(self, what: str) -> None:
        self._log.append(f"{what} {self._name}")
        if what == self._fails_at:
            raise RuntimeError(f"{self._name} broke at {what}")


async def test_services_start_in_order_and_stop_in_reverse() -> None:
    log: list[str] = []
    supervisor = Supervisor([Recorded("a", log), Recorded("b", log)])
    await supervisor.start()
    await supervisor.stop()
    assert log == ["start a", "ready a", "start b", "ready b", "stop b", "stop a"]


async def test_a_failed_start_stops_what_ran_and_tells_why() -> None:
    log: list[str] = []
    supervisor = Supervisor([Recorded("a", log), Recorded("b", log, fails_at="ready"), Recorded("c", log)])
    with pytest.raises(RuntimeError, match="b broke at ready"):
        await supervisor.start()
    assert log == ["start a", "ready a", "start b", "ready b", "stop b", "stop a"]


@pytest.mark.parametrize("fault", [{"fails_at": "stop"}, {"hangs": True}])
async def test_a_service_that_cannot_stop_does_not_keep_the_others(fault: dict[str, object]) -> None:
    log: list[str] = []
    supervisor = Supervisor(
        [Recorded("a", log), Recorded("b", log, **fault)],  # type: ignore[arg-type]  # one fault each
        stop_timeout_s=0.05,
    )
    await supervisor.start()
    await supervisor.stop()
    assert log[-1] == "stop a"
