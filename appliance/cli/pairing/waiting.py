"""Waits until somebody used a code, over an open connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from appliance.cli.exits import Exit
from appliance.cli.pairing.rows import SHORT, name_of, plain
from appliance.client.connection import Event
from appliance.foundation.clock import Clock

_WORDS = {"full": "full access", "limited": "limited access", "node": "a node"}


class Events(Protocol):
    """An open connection, as far as waiting needs one."""

    def events(self) -> AsyncIterator[Event]: ...


async def wait_for(
    connection: Events, setup_id: str, expires_at_ms: int, clock: Clock, say: Callable[[str], None]
) -> Exit:
    """Wait until the code `setup_id` was used or is over, and say what happened. Raises ConnectionLost."""
    try:
        async with asyncio.timeout(max(0.0, (expires_at_ms - clock.now_ms()) / 1000)):
            async for event in connection.events():
                if (line := told(event, setup_id)) is not None:
                    say(line)
                if _of_code(event, setup_id):
                    return Exit.OK
    except TimeoutError:
        say("Nobody used the code in time. `homarus pair` makes another one.")
    return Exit.TIMEOUT


def told(event: Event, setup_id: str) -> str | None:
    """Return what an event means for who waits; None for what does not concern him."""
    payload: dict[str, Any] = event.payload if isinstance(event.payload, dict) else {}
    if _of_code(event, setup_id):
        name = plain(str(payload.get("deviceName") or f"device {payload['deviceId'][:SHORT]}"))
        line = f"paired: {name} ({_WORDS.get(payload['access'], payload['access'])})"
        if event.name.endswith("deliveryUncertain"):
            line += ". It was gone before it heard so: if it does not connect, remove it and make a new code."
        return line
    if event.name == "device.pair.requested":
        request_id = str(payload.get("requestId", ""))[:SHORT]
        return f"{name_of(payload)} asks without the code: let it in with `homarus devices approve {request_id}`"
    return None


def _of_code(event: Event, setup_id: str) -> bool:
    names = ("device.pair.setup.completed", "device.pair.setup.deliveryUncertain")
    return event.name in names and isinstance(event.payload, dict) and event.payload.get("setupId") == setup_id
