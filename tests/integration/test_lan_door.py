"""A real gateway on the LAN bind: both languages on one port, and strangers who try the door."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from appliance.identity.certificates.box import der_of
from tests.bench.process import memory
from tests.integration.gateway_process import TOKEN, GatewayProcess
from tests.integration.waiting import until

LAN = {"gateway": {"bind": "lan"}, "models": {"mini": {"enabled": False}}}
CONNECT = {
    "minProtocol": 4,
    "maxProtocol": 4,
    "client": {"id": "cli", "mode": "cli", "version": "1", "platform": "linux"},
    "scopes": ["operator.read"],
    "auth": {"token": TOKEN},
}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with GatewayProcess(tmp_path_factory.mktemp("lan"), LAN) as gateway:
        yield gateway
        assert gateway.call("health")["ok"]  # whatever was tried: it serves


def trusting(box: GatewayProcess) -> ssl.SSLContext:
    """What a browser has after the three steps of /trust, and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=der_of(box.state / "tls/authority.pem"))
    return context


async def hello(
    url: str, context: ssl.SSLContext | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Open a WebSocket, connect and return the answer."""
    async with aiohttp.ClientSession() as http, http.ws_connect(url, ssl=context or True, headers=headers) as ws:
        await ws.receive_json(timeout=10)
        await ws.send_json({"type": "req", "id": "1", "method": "connect", "params": CONNECT})
        answer: dict[str, Any] = await ws.receive_json(timeout=10)
        return answer


async def test_ws_and_wss_meet_on_one_port_and_the_authority_is_all_a_client_needs(box: GatewayProcess) -> None:
    port = box.facts["port"]
    for url in (f"ws://127.0.0.1:{port}/", f"wss://127.0.0.1:{port}/", f"wss://localhost:{port}/"):
        answer = await hello(url, trusting(box))
        assert answer["ok"], answer
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await hello(f"wss://127.0.0.1:{port}/", ssl.create_default_context())


def test_the_pin_is_the_same_in_the_socket_the_reach_and_the_audit_and_after_a_restart(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        with GatewayProcess(tmp_path, LAN) as gateway:
            shown = ssl.get_server_certificate(("127.0.0.1", gateway.facts["port"]))
            report = gateway.call("homarus.security.audit")
            assert ssl.PEM_cert_to_DER_cert(shown) == der_of(gateway.state / "tls/leaf.pem")
            assert report["findings"] == []
            seen.append(report["fingerprint"])
    assert seen[0] == seen[1]


def test_the_audit_in_the_terminal_says_that_there_is_nothing_to_fix(box: GatewayProcess) -> None:
    said = box.homarus("security", "audit")
    assert said.returncode == 0, said.stderr
    assert "Nothing to fix." in said.stdout
    assert "/trust" in said.stdout
    parsed = json.loads(box.homarus("--json", "security", "audit").stdout)
    assert {row["encrypted"] for row in parsed["doors"]} == {True}


async def test_a_page_of_a_stranger_gets_no_socket_and_no_answer(box: GatewayProcess) -> None:
    """Cross-origin WebSockets and requests, also from loopback pages whose Host was rebound to us."""
    port = box.facts["port"]
    rebound = {"Origin": f"http://rebound.example:{port}", "Host": f"rebound.example:{port}"}
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, rebound):
        answer = await hello(f"ws://127.0.0.1:{port}/", headers=headers)
        assert answer["error"]["details"]["code"] == "CONTROL_UI_ORIGIN_NOT_ALLOWED"
        answer = await hello(f"wss://localhost:{port}/", trusting(box), headers)
        assert answer["error"]["details"]["code"] == "CONTROL_UI_ORIGIN_NOT_ALLOWED"
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(headers=bearer) as http:
        for headers in ({"Origin": "https://evil.example"}, rebound, {"Host": "rebound.example"}):
            for path in ("/v1/models", "/trust", "/healthz", "/"):
                async with http.get(f"http://127.0.0.1:{port}{path}", headers=headers) as refused:
                    assert refused.status == 403, (headers, path)
                    assert "Access-Control-Allow-Origin" not in refused.headers


async def test_no_page_of_this_gateway_can_be_framed_or_sniffed(box: GatewayProcess) -> None:
    async with aiohttp.ClientSession() as http:
        for path in ("/", "/trust", "/some/view"):
            async with http.get(f"https://localhost:{box.facts['port']}{path}", ssl=trusting(box)) as page:
                policy = page.headers["Content-Security-Policy"]
                assert "frame-ancestors 'none'" in policy, path
                assert "default-src 'none'" in policy, path
                assert "unsafe-" not in policy, path
                assert page.headers["X-Frame-Options"] == "DENY"
                assert page.headers["X-Content-Type-Options"] == "nosniff"


def _silent(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port))


def _half_hello(port: int) -> socket.socket:
    sock = _silent(port)
    with contextlib.suppress(OSError):
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(20))
    return sock


def _rubbish(port: int) -> socket.socket:
    sock = _silent(port)
    with contextlib.suppress(OSError):
        sock.sendall(b"\x16\x03\x01" + os.urandom(600))
    return sock


def _half_head(port: int) -> socket.socket:
    sock = _silent(port)
    with contextlib.suppress(OSError):
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + base64.b64encode(os.urandom(300)))
    return sock


def _whole_handshake(port: int) -> socket.socket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(_silent(port))


_CROWDS = ((_silent, 700), (_half_head, 700), (_half_hello, 300), (_rubbish, 300), (_whole_handshake, 150))


def test_crowds_of_silent_slow_and_broken_clients_leave_the_memory_flat(box: GatewayProcess) -> None:
    """Each crowd comes twice: the second must not cost more than the noise of an allocator."""
    port = box.facts["port"]
    for knock, crowd in (
        (_silent, 700),
        (_half_head, 700),
        (_half_hello, 300),
        (_rubbish, 300),
        (_whole_handshake, 150),
    ):
        sizes = []
        for _ in range(2):
            sockets = [knock(port) for _ in range(crowd)]
            until(lambda: box.call("health")["ok"], what="an answer in a crowd")
            sizes.append(memory(box.pid).pss)
            for sock in sockets:
                sock.close()
        assert sizes[1] - sizes[0] < 2.0, (knock.__name__, sizes)
    assert asyncio.run(hello(f"wss://localhost:{port}/", trusting(box)))["ok"]
