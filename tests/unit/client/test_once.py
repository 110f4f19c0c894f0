"""One question over the control socket, without an event loop."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.client.errors import ConnectionLost, GatewayAway, RequestFailed
from appliance.client.once import call_once
from appliance.client.target import SocketTarget, UrlTarget


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[SocketTarget]:
    """Run a gateway that reads one request and gives one answer."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(1)

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                asked = b""
                while not asked.endswith(b"}"):
                    asked += peer.recv(65_536)
                peer.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield SocketTarget(path)
        thread.join()


def _http(body: object, status: str = "200 OK") -> bytes:
    text = json.dumps(body).encode()
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(text), text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "g.sock"


def test_the_payload_is_the_answer(path: Path) -> None:
    with answering(path, _http({"ok": True, "payload": {"n": 1}})) as target:
        assert call_once(target, "health", {}, timeout_s=5) == {"n": 1}


def test_an_error_is_raised_with_its_code(path: Path) -> None:
    error = {"code": "UNAVAILABLE", "message": "full", "retryable": True, "details": {"a": 1}}
    with answering(path, _http({"ok": False, "error": error})) as target, pytest.raises(RequestFailed) as failed:
        call_once(target, "chat.send", {}, timeout_s=5)
    assert (failed.value.wire_code, failed.value.retryable, failed.value.details) == ("UNAVAILABLE", True, {"a": 1})


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{", b"nonsense\r\n\r\n"])
def test_a_gateway_that_ends_in_the_middle_is_lost(path: Path, answer: bytes) -> None:
    with answering(path, answer) as target, pytest.raises(ConnectionLost):
        call_once(target, "health", {}, timeout_s=5)


def test_an_answer_of_another_kind_is_no_gateway(path: Path) -> None:
    with answering(path, _http(["what"])) as target, pytest.raises(ConnectionLost):
        call_once(target, "health", {}, timeout_s=5)


def test_no_socket_and_a_dead_socket_are_away(path: Path) -> None:
    with pytest.raises(GatewayAway):
        call_once(SocketTarget(path), "health", {}, timeout_s=5)
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    with pytest.raises(GatewayAway):
        call_once(SocketTarget(path), "health", {}, timeout_s=5)


def test_a_silent_gateway_times_out(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(1)
        with pytest.raises(TimeoutError):
            call_once(SocketTarget(path), "health", {}, timeout_s=0.05)


def test_a_secret_is_not_shown_by_accident() -> None:
    assert "very" not in repr(UrlTarget("ws://box", "very-secret", "very-secret"))


def test_asking_over_the_socket_imports_neither_the_event_loop_nor_the_websocket_stack() -> None:
    code = "import sys; import appliance.client.once; print([m for m in ('aiohttp', 'asyncio') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
