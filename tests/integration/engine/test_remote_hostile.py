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
from appliance.engine.cache.envelope import MAC_BYTES, Header, pack_tokens, seal
from appliance.engine.remote.carrying import Carrier
from appliance.engine.remote.client import Exchange, PeerClient, exchange
from appliance.engine.remote.credentials import PROTOCOL, client_context
from appliance.engine.remote.frames import (
    MAX_CHUNK_BYTES,
    Ping,
    StateChunk,
    StateExport,
    StateFound,
    StateImport,
    StateNext,
    StateTaken,
    StateTicket,
)
from appliance.generation import FailureKind, ModelError
from tests.certificates import papers
from tests.integration.engine.asking import ask, chat
from tests.integration.engine.peers import Served, served
from tests.integration.engine.process import EngineProcess, make_model

pytestmark = pytest.mark.engine

_STORY = "nobody else should ever know of this " * 15
_WAIT_S = 10.0


def _frame(text: str = _STORY, *, words: int | None = 8, key: str = "s1") -> api.Generate:
    return api.Generate(chat(text), words, 0, session_key=key, watch=False)


@pytest.fixture(scope="module")
def here(folder: Path, random_model: Path) -> Iterator[EngineProcess]:
    process = EngineProcess(folder / "a.sock", random_model, "--state", str(folder / "a-state"))
    yield process
    assert process.stop() == 0


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


# ---- states


async def _handed(client: PeerClient, tokens: list[int], envelope: bytes, *, claim: int | None = None) -> StateTaken:
    """Send an envelope in one or more pieces. Raises ModelError."""
    async with exchange(client) as far:
        ticket = await far.ask(StateImport(pack_tokens(tokens), claim or len(envelope)))
        assert isinstance(ticket, StateTicket)
        return await _pieces(far, envelope)


async def _pieces(far: Exchange, envelope: bytes) -> StateTaken:
    step = 200_000
    for at in range(0, len(envelope), step):
        data = envelope[at : at + step]
        await far.send(StateChunk(data, len(envelope) - at - len(data)))
    taken = await far.receive()
    assert isinstance(taken, StateTaken)
    return taken


async def _exported(here: EngineProcess, text: str, key: bytes) -> tuple[list[int], bytes]:
    """Return a real state out of this engine, signed with `key`."""
    await ask(here.client, _frame(text))
    async with exchange(here.client) as own:
        found = await own.ask(api.StateLook(chat(text), "s1"))
        assert isinstance(found, StateFound)
        chunk = await own.ask(StateExport(key))
        parts = []
        while isinstance(chunk, StateChunk) and chunk.data:
            parts.append(chunk.data)
            chunk = await own.ask(StateNext())
    return found.tokens, b"".join(parts)


async def test_hundreds_of_forged_and_damaged_states_are_refused_one_by_one(here: EngineProcess, there: Served) -> None:
    chance = random.Random(4)
    client = there.client()
    tokens, envelope = await _exported(here, "one true story " * 20, b"k" * 32)
    assert len(tokens) > 100
    for number in range(300):
        forged = bytearray(envelope)
        match number % 6:
            case 0:
                pass  # whole, but signed with a key of our own
            case 1:
                forged[chance.randrange(len(forged))] ^= 1 << chance.randrange(8)
            case 2:
                forged = forged[: chance.randrange(1, len(forged))]
            case 3:
                at = chance.randrange(64)
                forged[at : at + 4] = chance.randbytes(4)
            case 4:
                forged += chance.randbytes(chance.randrange(1, 2000))
            case _:
                forged = bytearray(chance.randbytes(chance.randrange(1, 4000)))
        try:
            taken = await _handed(client, tokens, bytes(forged))
        except ModelError:
            continue
        assert taken.tokens == 0
        assert taken.refusal
    heard = await ask(client, _frame("one true story " * 20))
    assert heard.done.restored == "", "nothing of it was kept"


async def test_more_than_was_offered_or_than_a_box_may_keep_is_not_taken(there: Served) -> None:
    client = there.client()
    with pytest.raises(ModelError, match="more than was offered"):
        await _handed(client, [1] * 50, bytes(5000), claim=4999)
    async with exchange(client) as far:
        ticket = await far.ask(StateImport(pack_tokens([1] * 50), 1 << 40))
        assert isinstance(ticket, StateTicket)
        assert (ticket.key, ticket.refusal) == (b"", "no room in memory")
        with pytest.raises(ModelError, match="piece of nothing"):
            await far.ask(StateChunk(b"x", 0))


async def test_a_paired_box_that_signs_rubbish_harms_nobody(here: EngineProcess, there: Served) -> None:
    """It has the key of its connection, so its sum is right: this is what a box that was taken over can do."""
    chance = random.Random(5)
    client = there.client()
    text = "a story that was tampered with " * 15
    tokens, envelope = await _exported(here, text, b"k" * 32)
    fingerprint = bytes.fromhex((await here.client.info()).fingerprint)
    head = 12 + int.from_bytes(envelope[8:12], "little")
    blob = envelope[head:-MAC_BYTES]
    expected = (await ask(here.client, _frame(text))).text
    for number in range(40):
        bad = bytearray(blob)
        if number % 4 == 0:
            bad = bytearray(chance.randbytes(len(blob)))
        elif number % 4 == 1:
            bad = bad[: chance.randrange(1, len(bad))]
        elif number % 4 == 2:
            bad += chance.randbytes(100)
        else:
            at = chance.randrange(200)
            bad[at : at + 4] = chance.randbytes(4)
        async with exchange(client) as far:
            size = len(envelope) + 4096
            ticket = await far.ask(StateImport(pack_tokens([*tokens, 0]), size))
            assert isinstance(ticket, StateTicket)
            header = Header(fingerprint, pack_tokens(tokens), 0, len(tokens), len(bad))
            await _pieces(far, b"".join(map(bytes, seal(header, bytes(bad), ticket.key))))
        await ask(client, _frame(text, key=f"bad{number}"))
        assert there.engine.running
    assert (await ask(there.engine.client, _frame(text))).text == expected, "the people of that box notice nothing"


async def test_a_cut_in_the_middle_of_a_state_leaves_nothing_behind(here: EngineProcess, there: Served) -> None:
    client = there.client()
    text = "a story that is interrupted " * 20
    tokens, envelope = await _exported(here, text, b"k" * 32)
    for _ in range(5):
        async with exchange(client) as far:
            await far.ask(StateImport(pack_tokens(tokens), len(envelope)))
            await far.send(StateChunk(envelope[: len(envelope) // 2], len(envelope) - len(envelope) // 2))
    carried = await Carrier(lambda: here.client, client, time.monotonic).carry(chat(text), "s1")
    assert (carried.tokens, carried.reason) == (0, "the text is read faster there") or carried.tokens == len(tokens)
    assert (await ask(client, _frame(text))).text == (await ask(here.client, _frame(text))).text


async def test_a_box_with_other_weights_of_the_same_shape_reads_the_text(here: EngineProcess, folder: Path) -> None:
    other = make_model(folder / "other.gguf", "--seed", "7")
    text = "a story for other weights " * 20
    with served(folder, "c", other) as box:
        client = box.client()
        carried = await Carrier(lambda: here.client, client, time.monotonic).carry(chat(text), "s1")
        assert (carried.tokens, carried.reason) == (0, "another model or setting")
        tokens, envelope = await _exported(here, text, b"k" * 32)
        assert (await _handed(client, tokens, envelope)).refusal == "of another model or setting"
        heard = await ask(client, _frame(text))
        assert (heard.done.restored, heard.text) == ("", (await ask(box.engine.client, _frame(text))).text)


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
