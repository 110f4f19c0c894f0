"""What a measurement runs against: a gateway with an instant model service, and the floor."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.process import Child
from tests.bench.wire import Client, Socket
from tests.integration.gateway_process import TOKEN, GatewayProcess


@dataclass(frozen=True, slots=True)
class Rig:
    """The processes of one run. `sizes` scales how much is done (1 is the usual amount)."""

    gateway: GatewayProcess
    floor: Child
    scale: float = 1.0

    @property
    def port(self) -> int:
        return int(self.gateway.facts["port"])

    def amount(self, usual: int) -> int:
        """Return how many times something is done in this run."""
        return max(1, round(usual * self.scale))

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        client = await Client.open(self.port, TOKEN)
        try:
            yield client
        finally:
            await client.aclose()

    @contextlib.asynccontextmanager
    async def echo(self) -> AsyncIterator[Socket]:
        """Open a socket of the floor that has read its welcome."""
        socket = await Socket.open(self.floor.port)
        await socket.text()
        try:
            yield socket
        finally:
            socket.abort()
            await socket.closed


def config(model_port: int) -> dict[str, Any]:
    """Return the configuration of a gateway whose only model answers at once."""
    provider = {"baseUrl": f"http://127.0.0.1:{model_port}/v1", "apiKey": "none", "models": [{"id": "instant"}]}
    return {
        "models": {"mini": {"enabled": False}, "providers": {"fake": provider}},
        "agents": {"defaults": {"model": {"primary": "fake/instant"}}},
    }


@contextlib.contextmanager
def rig(scale: float = 1.0) -> Iterator[Rig]:
    """Start everything in new directories and end it afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="hb") as state,
        tempfile.TemporaryDirectory(prefix="hb") as floor_state,
        Child("tests.bench.instant") as model,
        Child("tests.bench.floor", floor_state) as floor,
        GatewayProcess(Path(state), config(model.port)) as gateway,
    ):
        yield Rig(gateway, floor, scale)
