"""Attacks over plain HTTP on a real gateway: paths, heads, answers that could run, and what the log keeps of it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import json
import secrets
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from appliance.gateway.transport.lobby import MAX_HEAVY
from tests.bench.process import memory
from tests.integration.gateway_process import TOKEN, GatewayProcess

CONFIG = {"gateway": {"bind": "lan"}}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with GatewayProcess(tmp_path_factory.mktemp("http") / "box", CONFIG) as gateway:
        yield gateway


def _socket(box: GatewayProcess, *, tls: bool) -> socket.socket:
    sock: socket.socket = socket.create_connection(("127.0.0.1", box.facts["port"]), timeout=20)
    if not tls:
        return sock
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(sock)


def ask(box: GatewayProcess, head: bytes, *, tls: bool = False) -> tuple[int, dict[str, str], bytes]:
    """Send the bytes of a request as they are; return status, headers and body of the answer."""
    with _socket(box, tls=tls) as sock:
        sock.sendall(head)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
            top, end, body = answer.partition(b"\r\n\r\n")
            lines = top.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines[1:])}
            if end and len(body) >= int(headers.get("content-length", "0")):
                return int(lines[0].split()[1]), headers, body
    raise AssertionError(f"no whole answer: {answer!r}")


def get(path: str, *more: str, verb: str = "GET", host: str = "localhost") -> bytes:
    lines = (f"{verb} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *more)
    return "\r\n".join((*lines, "", "")).encode("latin-1")


ANSWERS = {
    "page": get("/"),
    "view": get("/devices"),
    "missing file": get("/nothing.js"),
    "missing asset": get("/assets/nothing.js"),
    "another verb": get("/", verb="POST"),
    "a verb that a route lacks": get("/v1/models", verb="DELETE"),
    "trust": get("/trust"),
    "authority": get("/homarus-ca.crt"),
    "alive": get("/healthz"),
    "ready": get("/readyz"),
    "models": get("/v1/models"),
    "models with the token": get("/v1/models", f"Authorization: Bearer {TOKEN}"),
    "config": get("/control-ui-config.json"),
    "spent link": get("/j/nothing"),
    "foreign host": get("/", host="evil.example"),
    "foreign origin": get("/trust", "Origin: https://evil.example"),
    "bad body": get("/v1/chat/completions", f"Authorization: Bearer {TOKEN}", "Content-Length: 0", verb="POST"),
    "a proxy of nobody": get("/v1/models", "X-Forwarded-For: 127.0.0.1"),
}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_every_answer_is_unframed_unsniffed_and_runs_nothing_of_others(
    box: GatewayProcess, name: str, tls: bool
) -> None:
    _, headers, _ = ask(box, ANSWERS[name], tls=tls)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers
    assert "service-worker-allowed" not in headers
    assert headers["server"] == "Homarus"
    assert "cache-control" in headers


TRAVERSALS = [
    f"{start}{step * 8}{target}"
    for start in ("/", "/assets/", "//", "/\\")
    for step in ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "%252e%252e%252f", "..;/", ".%00./")
    for target in ("etc/passwd", "homarus.sqlite", "tls/leaf.key")
]


def test_no_path_leads_out_of_the_built_files(box: GatewayProcess) -> None:
    _, _, page = ask(box, get("/"))
    for path in TRAVERSALS:
        status, _, body = ask(box, get(path))
        assert status in (400, 403, 404) or body == page, path


def test_names_of_our_own_files_in_the_folder_of_the_app_are_not_served(box: GatewayProcess) -> None:
    for name in ("build.json", "__init__.py", ".gitignore", "index.html.gz", "assets/"):
        status, headers, _ = ask(box, get(f"/{name}"))
        assert status == 404, name
        assert headers["content-type"].startswith("text/plain")


SECRET = f"not-for-the-log-{secrets.token_hex(8)}"
RUBBISH = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization Bearer " + SECRET.encode() + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
    b"BREW /<script>alert(1)</script> HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Big: " + b"a" * 15_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Bigger: " + b"a" * 20_000 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"GET /%zz%00 HTTP/1.1\r\nHost: localhost\r\nX: \x00\r\n\r\n",
]


def test_what_is_no_http_is_refused_as_text_and_leaves_no_line_in_the_log(box: GatewayProcess) -> None:
    before = box.output
    for _ in range(5):
        for rubbish in RUBBISH:
            status, headers, _ = ask(box, rubbish)
            assert status in (400, 403, 404, 405, 431)
            assert "html" not in headers.get("content-type", "")
    assert box.call("health")["ok"]
    assert box.output == before
    assert all(SECRET not in text for text in written(box))


def _bomb(box: GatewayProcess, size: int) -> socket.socket:
    """A body of up to a third of a gigabyte in up to 300 kilobytes."""
    return _send(box, _BOMB_HEAD, _packed(size))


@functools.cache
def _packed(megabytes: int) -> bytes:
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(pack.compress(bytes(1 << 20)) for _ in range(megabytes)) + pack.flush()


def _pipeline(box: GatewayProcess, size: int) -> socket.socket:
    """Thousands of requests whose answers nobody reads."""
    return _send(box, b"", b"GET /trust HTTP/1.1\r\nHost: localhost\r\n\r\n" * (size * 64))


def _endless(box: GatewayProcess, size: int) -> socket.socket:
    """A body that does not end."""
    chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
    return _send(box, _CHUNKED_HEAD, chunk * size)


_POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
_BOMB_HEAD = _POST + b"Content-Encoding: gzip\r\nContent-Length: 400000\r\n\r\n"
_CHUNKED_HEAD = _POST + b"Transfer-Encoding: chunked\r\n\r\n"


def _send(box: GatewayProcess, head: bytes, body: bytes) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", box.facts["port"]), timeout=0.3)
    with contextlib.suppress(OSError):  # it need not take all of it
        sock.sendall(head + body)
    return sock


_UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(bytes(16)) + b"\r\n\r\n"
)


def _upgraded(box: GatewayProcess) -> socket.socket:
    """A WebSocket over TLS that was plain HTTP first and says nothing."""
    sock = _socket(box, tls=True)
    for request, answer in (b"HEAD /assets/ HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 404 "), (_UPGRADE, b" 101 "):
        sock.sendall(request)
        assert answer in sock.recv(65536)
    return sock


def test_tls_stays_dear_when_a_kept_alive_connection_becomes_a_websocket(box: GatewayProcess) -> None:
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(_upgraded(box)) for _ in range(MAX_HEAVY)]
        assert not _closed(socks[0], within_s=0.2), "at the cap everyone waits"
        stack.enter_context(_upgraded(box))
        assert _closed(socks[0], within_s=10)
        assert not _closed(socks[1], within_s=0.2)


def _closed(sock: socket.socket, *, within_s: float) -> bool:
    """Tell whether the gateway closes a connection in this time. The challenge that it sent does not count."""
    sock.settimeout(within_s)
    try:
        while sock.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


@pytest.mark.parametrize("attack", [_bomb, _pipeline, _endless])
def test_what_a_stranger_sends_without_end_costs_no_memory(
    box: GatewayProcess, attack: Callable[[GatewayProcess, int], socket.socket]
) -> None:
    """Ten times as much costs no more. The first floods pay for what is loaded and kept once.

    Small floods before and after the large one: a gateway that is young loads parts of its own meanwhile, too.
    Only pages of its own count: the share in those of libraries grows when another program on the machine ends.
    """
    _settled(box, attack, 300)
    before, many, after = (_settled(box, attack, size) for size in (30, 300, 30))
    assert many - max(before, after) < 4.0, "MB; the bodies would be hundreds"


def _settled(box: GatewayProcess, attack: Callable[[GatewayProcess, int], socket.socket], size: int) -> float:
    """Flood until three in a row hold the same, within one MB, and return it. A busy machine gets to all of it late."""
    held = [_flooded(box, attack, size) for _ in range(3)]
    while max(held[-3:]) - min(held[-3:]) > 1.0:
        assert len(held) < 20, f"every flood leaves something: {held}"
        held.append(_flooded(box, attack, size))
    return max(held[-3:])


def _flooded(box: GatewayProcess, attack: Callable[[GatewayProcess, int], socket.socket], size: int) -> float:
    """Return what the gateway holds, in MB, while three of an attack are under way."""
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(attack(box, size))
        assert box.call("health")["ok"]
        return memory(box.pid).uss


def test_no_secret_of_a_whole_run_is_in_the_log(tmp_path: Path) -> None:
    """Right and wrong secrets in every place where a client can put one, with everything logged."""
    with GatewayProcess(tmp_path / "box", {**CONFIG, "logging": {"level": "debug"}}) as box:
        port = box.facts["port"]
        code = box.call("device.pair.setupCode", {"publicUrl": f"ws://127.0.0.1:{port}", "joinUrl": True})
        link = "/j/" + code["joinUrl"].rsplit("/", 1)[1]
        token = json.loads(base64.urlsafe_b64decode(code["setupCode"] + "=="))["bootstrapToken"]
        recovery = box.call("homarus.recovery.new")["recoveryCode"]
        kept = [TOKEN, code["setupCode"], token, link[3:], recovery, SECRET]
        assert ask(box, get(link))[0] == 200
        for path in (f"/?token={TOKEN}", f"/chat?token={SECRET}", f"/nothing.js?bootstrapToken={token}", f"{link}x"):
            ask(box, get(path, f"Authorization: Bearer {SECRET}", f"Cookie: token={TOKEN}", f"Referer: http://x{link}"))
        for value in (TOKEN, SECRET, token, recovery):
            ask(box, get("/v1/models", f"Authorization: Bearer {value}"))
            assert not connect(box, {"bootstrapToken": value, "password": value})
        assert connect(box, {"token": TOKEN})
        assert box.homarus("pair", "--json", "--no-wait").returncode == 0
    texts = written(box)
    for secret in kept:
        assert not any(secret in text for text in texts), secret[:12]


def written(box: GatewayProcess) -> list[str]:
    """Return everything that the gateway wrote for people."""
    texts = [box.output, *(one.read_text() for one in box.state.rglob("gateway.log*"))]
    assert len(texts) > 1
    assert all("serving" in text for text in texts)
    return texts


def connect(box: GatewayProcess, auth: dict[str, str]) -> bool:
    """Say connect with these secrets, and the same in the address; tell whether it was let in."""
    params = {
        "minProtocol": 4,
        "maxProtocol": 4,
        "client": {"id": "cli", "mode": "cli", "version": "1", "platform": "linux"},
        "auth": auth,
    }

    async def talk() -> bool:
        url = f"{box.http}/?{urlencode(auth)}"
        async with aiohttp.ClientSession() as http, http.ws_connect(url) as ws:
            await ws.receive_json(timeout=20)
            await ws.send_json({"type": "req", "id": "1", "method": "connect", "params": params})
            return bool((await ws.receive_json(timeout=20))["ok"])

    return asyncio.run(talk())
