"""The client of the box's own service against a real socket, asynchronous and blocking."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.host.request import MAX_LINE_BYTES, HostAbsent, HostError, ask, ask_now

Ask = Callable[[Path], Awaitable[Mapping[str, object]]]


@contextmanager
def _serving(path: Path, reply: bytes) -> Iterator[list[bytes]]:
    """Answer one connection with `reply`, and keep what was asked."""
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(10)

        def answer() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as stream:
                heard.append(stream.readline())
                connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        yield heard
        thread.join(10)


async def _blocking(path: Path) -> Mapping[str, object]:
    return await asyncio.to_thread(lambda: ask_now("power.off", {"a": 1}, socket=path))


@pytest.fixture(params=["ask", "ask_now"])
def asked(request: pytest.FixtureRequest) -> Ask:
    """Both clients have one contract."""
    return _blocking if request.param == "ask_now" else lambda path: ask("power.off", {"a": 1}, socket=path)


async def test_a_result_comes_back(tmp_path: Path, asked: Ask) -> None:
    with _serving(tmp_path / "s", b'{"ok":true,"result":{"b":2}}\n') as heard:
        assert await asked(tmp_path / "s") == {"b": 2}
    assert [json.loads(line) for line in heard] == [{"verb": "power.off", "params": {"a": 1}}]


async def test_a_refusal_keeps_its_code_and_words(tmp_path: Path, asked: Ask) -> None:
    with (
        _serving(tmp_path / "s", b'{"ok":false,"code":"not_now","message":"Later."}\n'),
        pytest.raises(HostError, match="Later") as caught,
    ):
        await asked(tmp_path / "s")
    assert caught.value.code == "not_now"


@pytest.mark.parametrize("reply", [b"", b"garbage\n", b"[]\n", b'{"ok":true}', b"x" * (MAX_LINE_BYTES + 1) + b"\n"])
async def test_an_answer_that_is_none_is_a_failure(tmp_path: Path, asked: Ask, reply: bytes) -> None:
    with _serving(tmp_path / "s", reply), pytest.raises(HostError) as caught:
        await asked(tmp_path / "s")
    assert caught.value.code == "host_failed"


async def test_where_there_is_no_such_service_that_is_said(tmp_path: Path, asked: Ask) -> None:
    with pytest.raises(HostAbsent, match="Homarus image"):
        await asked(tmp_path / "nothing")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as closed:
        closed.bind(str(tmp_path / "closed"))  # nobody listens
        with pytest.raises(HostAbsent):
            await asked(tmp_path / "closed")


async def test_a_request_over_the_limit_is_not_sent(tmp_path: Path) -> None:
    with pytest.raises(HostError) as caught:
        await ask("power.off", {"a": "x" * MAX_LINE_BYTES}, socket=tmp_path / "nothing")
    assert caught.value.code == "host_request"
    with pytest.raises(HostError) as caught:
        ask_now("power.off", {"a": "x" * MAX_LINE_BYTES}, socket=tmp_path / "nothing")
    assert caught.value.code == "host_request"


async def test_a_service_that_is_silent_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        with pytest.raises(HostError) as caught:
            await ask("power.off", socket=tmp_path / "s", timeout_s=0.05)
        assert caught.value.code == "host_timeout"
        with pytest.raises(HostError) as caught:
            await asyncio.to_thread(lambda: ask_now("power.off", socket=tmp_path / "s", timeout_s=0.05))
        assert caught.value.code == "host_timeout"
