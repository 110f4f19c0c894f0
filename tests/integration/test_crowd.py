"""One machine of the network floods the port: it crowds out itself, and nobody else."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from appliance.gateway.transport.lobby import MAX_NEAR, MAX_PER_SOURCE
from appliance.host.interfaces import addresses
from tests.bench.process import memory
from tests.integration.box import no_engine
from tests.integration.gateway_process import GatewayProcess
from tests.integration.waiting import until

_HERE = next((str(one.ip) for one in addresses() if not one.ip.is_loopback and one.ip.version == 4), None)
pytestmark = pytest.mark.skipif(_HERE is None, reason="this machine is in no network")
_CONFIG = {"gateway": {"bind": "lan"}, "models": {"mini": {"enabled": False}}, "discovery": {"mdns": {"mode": "off"}}}
_HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: 1"
_GROWTH = 1.05
"""A second flood costs what the first did, but for the noise of an allocator."""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("crowd")
    with GatewayProcess(folder / "box", _CONFIG, **no_engine(folder)) as gateway:
        yield gateway


def _crowd(stack: ExitStack, host: str, port: int, count: int, said: bytes) -> list[socket.socket]:
    sockets = []
    for _ in range(count):
        sock = stack.enter_context(socket.create_connection((host, port)))
        sockets.append(sock)
        with contextlib.suppress(OSError):
            sock.sendall(said)
    return sockets


def _open(sockets: list[socket.socket]) -> int:
    """Count those that the gateway has not closed: what can be read of a socket that only waits is its end."""
    poll = select.poll()
    for sock in sockets:
        poll.register(sock, select.POLLIN)
    return len(sockets) - len(poll.poll(0))


def _settled(sockets: list[socket.socket], count: int) -> Callable[[], bool]:
    return lambda: _open(sockets) == count


@pytest.mark.parametrize("said", [b"", _HALF_A_HEAD], ids=["silent", "half a request"])
@pytest.mark.parametrize(("near", "cap"), [(False, MAX_PER_SOURCE), (True, MAX_NEAR)], ids=["network", "this machine"])
def test_a_source_has_its_share_and_the_next_one_costs_its_own_oldest(
    box: GatewayProcess, near: bool, cap: int, said: bytes
) -> None:
    assert _HERE is not None
    here, there = ("127.0.0.1", _HERE) if near else (_HERE, "127.0.0.1")
    port = box.facts["port"]
    with ExitStack() as stack:
        (honest,) = _crowd(stack, there, port, 1, said)
        flood = _crowd(stack, here, port, cap, said)
        until(lambda: box.call("health")["ok"], what="an answer")
        assert _open(flood) == cap
        flood += _crowd(stack, here, port, 1, said)
        until(_settled(flood, cap), what="the oldest of the flood to be put out")
        assert _open(flood[:1]) == 0
        flood += _crowd(stack, here, port, 100, said)
        until(_settled(flood, cap), what="the flood to be kept small")
        assert _open([honest]) == 1


def test_a_flood_of_one_machine_costs_no_more_memory_the_second_time(box: GatewayProcess) -> None:
    assert _HERE is not None
    sizes = []
    for _ in range(3):
        with ExitStack() as stack:
            flood = _crowd(stack, _HERE, box.facts["port"], 600, _HALF_A_HEAD)
            until(_settled(flood, MAX_PER_SOURCE), what="the flood to be kept small")
            sizes.append(memory(box.pid).rss)
    assert sizes[2] / sizes[0] < _GROWTH, sizes
