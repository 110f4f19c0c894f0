"""Facts on their way to clients: none is lost and their order stays, whatever the store says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from appliance.events import Bus, SessionChanged
from appliance.foundation.errors import OverloadedError
from appliance.foundation.tasks import TaskSet
from appliance.gateway.bridge import Bridge
from appliance.gateway.broadcast import Broadcaster
from appliance.gateway.method import ConnectionView, Subscriptions
from appliance.protocol.connect import ClientInfo
from appliance.protocol.roles import SCOPES


@dataclass(eq=False)
class Ear:
    """A connection that keeps what it hears."""

    view: ConnectionView = field(
        default_factory=lambda: ConnectionView(
            "c1", "operator", SCOPES, frozenset(), ClientInfo(id="cli", mode="cli", version="1", platform="linux")
        )
    )
    subscriptions: Subscriptions = field(default_factory=lambda: Subscriptions(sessions=True))
    heard: list[dict[str, Any]] = field(default_factory=list)
    shared: bool = False
    waiting_bytes: int = 0

    def deliver(self, body: bytes, *, numbered: bool, drop_if_slow: bool) -> None:
        self.heard.append(json.loads(body + b"}"))

    def check_alive(self) -> None: ...

    def close(self, code: int, reason: str) -> None: ...

    def abort(self) -> None: ...


async def test_an_event_whose_row_cannot_be_read_goes_out_without_it_and_in_its_order() -> None:
    bus, tasks, ear, broadcaster = Bus(), TaskSet("test"), Ear(), Broadcaster()
    broadcaster.add(ear)

    async def row(key: str) -> dict[str, Any]:
        if key.endswith("two"):
            raise OverloadedError("The readers are busy.")
        return {"key": key}

    bridge = Bridge(bus, broadcaster, tasks, session_row=row)
    for name in ("one", "two", "three"):
        bus.publish(SessionChanged(f"agent:main:{name}", "main", "patch", None, 1))
    await tasks.wait(5)
    told = [(one["payload"]["sessionKey"][11:], "session" in one["payload"]) for one in ear.heard]
    assert told == [("one", True), ("two", False), ("three", True)]
    bridge.stop()
