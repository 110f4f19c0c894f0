"""Who is not paired gets nothing; who is paired and means harm gets no further than its own space."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.engine import api
from appliance.engine.cache.envelope import pack_tokens
from appliance.engine.remote.client import PeerClient, exchange
from appliance.engine.remote.credentials import PROTOCOL, client_context
from appliance.engine.remote.frames import (
    MAX_CHUNK_BYTES,
    Ping,
    StateChunk,
    StateExport,
    StateImport,
    StateNext,
)
from appliance.generation import FailureKind, ModelError
from tests.certificates import papers
from tests.integration.engine.asking import ask, chat
from tests.integration.engine.peers import Served, served

pytestmark = pytest.mark.engine

_STORY = "nobody else should ever know of this " * 15
_WAIT_S = 10.0


def _frame(text: str = _STORY, *, words: int | None = 8, key: str = "s1") -> api.Generate:
    return api.Generate(chat(text), words, 0, session_key=key, watch=False)


@pytest.fixture(scope="module")
def there(folder: Path, random_model: Path) -> Iterator[Served]:
    with served(folder, "b", random_model) as box:
        yield box
        assert box.engine.running, "nothing of all this may end it"


# ---- who may come


async def _refused(client: PeerClient) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await client.info()
    return caught.value


async def test_a_box_with_another_certificate_than_the_pinned_one_hears_nothing(there: Served) -> None:
    error = await _refused(there.client(pin="0" * 64))
    assert (error.kind, "Nothing was sent" in str(error)) == (FailureKind.AUTH, True)


async def test_who_is_not_on_the_list_is_turned_away(there: Served, tmp_path: Path) -> None:
    stranger = papers(tmp_path, "stranger")
    error = await _refused(there.client(stranger))
    assert error.kind in (FailureKind.UNAVAILABLE, FailureKind.AUTH)
    assert "pair" in str(error)


async def test_the_list_is_read_again_when_it_changes(there: Served, tmp_path: Path) -> None:
    friend = papers(tmp_path, "friend")
    there.clients.write_text(there.guest.pem + friend.pem)
    await there.client(friend).info()
    async with exchange(there.client(friend)) as open_before:
        there.clients.write_text(there.guest.pem)
        with pytest.raises(ModelError):
            await open_before.ask(api.InfoRequest())
    await _refused(there.client(friend))
    await there.client().info()


def _raw(there: Served, context: ssl.SSLContext | None, say: bytes) -> bytes:
    """Return what comes back on a connection with this context, b"" for nothing."""
    plain = socket.create_connection(("127.0.0.1", there.port), _WAIT_S)
    wrapped = plain if context is None else context.wrap_socket(plain, do_handshake_on_connect=False)
    with wrapped as connection:
        try:
            connection.sendall(say)
            return connection.recv(1000)
        except OSError:
            return b""


_ASK = api.encode(api.InfoRequest())


def _strange_contexts(there: Served) -> Iterator[ssl.SSLContext | None]:
    yield None  # no TLS at all
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    nobody.check_hostname, nobody.verify_mode = False, ssl.CERT_NONE
    nobody.set_alpn_protocols([PROTOCOL])
    yield nobody  # no certificate
    old = client_context(there.guest.identity)
    old.minimum_version = ssl.TLSVersion.TLSv1_2
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    yield old
    other = client_context(there.guest.identity)
    other.set_alpn_protocols(["h2"])
    yield other


async def test_without_tls_1_3_a_certificate_and_our_protocol_no_byte_is_answered(there: Served) -> None:
    for context in _strange_contexts(there):
        answer = await asyncio.to_thread(_raw, there, context, _ASK)
        assert b"tiny" not in answer
        assert not answer or context is None  # to plain text TLS answers with an alert
    good = client_context(there.guest.identity)
    assert await asyncio.to_thread(_raw, there, good, _ASK)


async def test_hanging_handshakes_do_not_keep_a_paired_box_out_for_long(there: Served) -> None:
    hanging = [socket.create_connection(("127.0.0.1", there.port)) for _ in range(12)]
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                await there.client().info()
                break
            except ModelError:
                assert time.monotonic() < deadline
    finally:
        for one in hanging:
            one.close()


# ---- what they may ask


_FORBIDDEN = (
    api.Embed(["x"]),
    api.Generate(api.Raw(["x"], grammar="root ::= root")),
    api.StateLook(chat("x")),
    StateExport(b"k" * 32),
    StateNext(),
    StateChunk(b"x", 0),
    StateImport(b"123", 100),
    StateImport(b"", 100),
    StateImport(pack_tokens([1] * 20), -1),
    Ping(bytes(256 * 1024 + 1)),
    api.Tokenize("x" * (2 * MAX_CHUNK_BYTES)),
)


@pytest.mark.parametrize("request_", _FORBIDDEN, ids=lambda one: type(one).__name__)
async def test_what_is_not_for_others_ends_the_connection(there: Served, request_: api.Request) -> None:
    async with exchange(there.client()) as far:
        with pytest.raises(ModelError, match=r"may not|sense|nothing|large"):
            await far.ask(request_)
        with pytest.raises(ModelError):
            await far.ask(api.InfoRequest())


async def test_a_frame_over_the_limit_is_not_even_read(there: Served) -> None:
    context = client_context(there.guest.identity)
    huge = (api.MAX_FRAME_BYTES - 1).to_bytes(4, "big")
    assert b"outside 1.." in await asyncio.to_thread(_raw, there, context, huge + b"x" * 100)


# ---- spaces


async def test_nobody_finds_by_counts_what_others_said(there: Served, tmp_path: Path) -> None:
    friend = papers(tmp_path, "friend")
    there.clients.write_text(there.guest.pem + friend.pem)
    guest, other, own = there.client(), there.client(friend), there.engine.client
    secret = "the same long secret of one box " * 15
    first = await ask(guest, _frame(secret))
    assert (await ask(guest, _frame(secret))).done.cached_tokens > 100
    for client in (other, own):
        heard = await ask(client, _frame(secret, key="s1"))
        assert heard.done.cached_tokens < 64, "no more than the system prompt, which they said themselves before"
        assert heard.text == first.text
    there.clients.write_text(there.guest.pem)


# ---- the other side goes away


async def test_a_box_that_is_killed_in_mid_answer_is_reported(folder: Path, random_model: Path) -> None:
    with served(folder, "d", random_model) as box:
        answer = box.client().generate(_frame("go on for ever", words=None))
        for _ in range(3):
            await anext(answer)
        os.kill(box.engine.pid, signal.SIGKILL)
        with pytest.raises(ModelError) as caught:
            [_ async for _ in answer]
        assert caught.value.kind is FailureKind.UNAVAILABLE
        assert "attic" in str(caught.value)


async def test_others_get_half_of_the_answers_at_one_time_and_this_box_the_rest(folder: Path, slow_model: Path) -> None:
    with served(folder, "e", slow_model, "--context", "16384", "--active", "2") as box:
        client = box.client()
        busy = client.generate(_frame("a long story " * 400, words=None))
        await anext(busy)
        with pytest.raises(ModelError) as caught:
            await ask(client, _frame("me too"))
        assert caught.value.kind is FailureKind.OVERLOADED
        assert (await ask(box.engine.client, _frame("and I", words=2))).done.output_tokens >= 0
        await busy.aclose()
        deadline = time.monotonic() + _WAIT_S
        while (await box.engine.client.info()).active:
            assert time.monotonic() < deadline
        assert (await ask(client, _frame("now", words=1))).done.stop


# ---- conversations that mean harm


def _nested(depth: int, inner: object, wrap: str) -> object:
    for _ in range(depth):
        inner = {"type": "array", "items": inner} if wrap == "array" else {"anyOf": [inner, {"type": "null"}]}
    return inner


_ODD: tuple[object, ...] = (
    None,
    7,
    -1.5,
    "",
    "x" * 5000,
    [],
    {},
    [[]],
    {"a": {"b": [None]}},
    True,
    "\ud7ff",
    "{{7*7}}",
)


def _odd_chat(chance: random.Random) -> api.Chat:
    messages: list[dict[str, object]] = [
        {
            chance.choice(["role", "content", "tool_calls", "tool_call_id", "name", "x"]): chance.choice(_ODD)
            for _ in range(chance.randrange(4))
        }
        for _ in range(chance.randrange(4))
    ]
    for message in messages:
        if chance.random() < 0.5:
            message["role"] = chance.choice(["user", "assistant", "system", "tool", "nobody"])
    schema = {
        chance.choice(["type", "properties", "enum", "items", "anyOf", "required", "pattern", "$ref"]): chance.choice(
            _ODD
        )
        for _ in range(chance.randrange(4))
    }
    kind = chance.randrange(3)
    tools = [api.ToolDef(chance.choice(["t", "", "a b", "t" * 300]), "", schema)] if kind == 1 else []
    return api.Chat(
        messages,
        system=chance.choice(["", "s", "{% for x in y %}"]),
        tools=tools,
        tool_choice=chance.choice(["auto", "none", "required", "t", "nobody"]),
        response_schema=schema if kind == 2 else None,
    )


async def test_odd_conversations_of_a_paired_box_are_answered_or_refused(there: Served) -> None:
    chance = random.Random(6)
    client = there.client()
    deep = [_nested(depth, {"type": "null"}, wrap) for depth in (50, 200, 400) for wrap in ("array", "any")]
    chats = [_odd_chat(chance) for _ in range(150)]
    for one in deep:
        assert isinstance(one, dict)
        chats += [chat("x", response_schema=one), chat("x", tools=[api.ToolDef("t", "", one)])]
    for one_chat in chats:
        with contextlib.suppress(ModelError):
            await ask(client, api.Generate(one_chat, 3, 0))
        assert there.engine.running, one_chat
