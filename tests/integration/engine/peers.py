"""Two engines of one household, each with its certificate, for the tests of this folder."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.engine.remote.client import Address, PeerClient
from tests.certificates import Papers, papers
from tests.integration.engine.process import EngineProcess


def free_port() -> int:
    """Return a port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Served:
    """An engine that serves `guest` over the network."""

    engine: EngineProcess
    port: int
    box: Papers
    guest: Papers
    clients: Path

    def client(self, who: Papers | None = None, pin: str | None = None) -> PeerClient:
        identity = (who or self.guest).identity
        return PeerClient("attic", Address("127.0.0.1", self.port), identity, self.box.pin if pin is None else pin)


@contextmanager
def served(folder: Path, name: str, model: Path, *options: str) -> Iterator[Served]:
    """Run an engine that a paired box may ask."""
    own = folder / name
    own.mkdir()
    box, guest = papers(own, "box"), papers(own, "guest")
    clients = own / "clients.pem"
    clients.write_text(guest.pem)
    port = free_port()
    files = ("--certificate", str(box.identity.certificate), "--key", str(box.identity.key), "--clients", str(clients))
    listen = ("--listen", f"127.0.0.1:{port}", *files, "--state", str(own / "state"))
    engine = EngineProcess(folder / f"{name}.sock", model, *listen, *options)
    try:
        yield Served(engine, port, box, guest, clients)
    finally:
        engine.stop()
