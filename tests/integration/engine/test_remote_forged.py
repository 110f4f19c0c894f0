"""States that were forged, damaged, cut or made for other weights: each is refused, or harms only who sent it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.engine import api
from appliance.engine.cache.envelope import MAC_BYTES, Header, pack_tokens, seal
from appliance.engine.remote.carrying import Carrier
from appliance.engine.remote.client import Exchange, PeerClient, exchange
from appliance.engine.remote.frames import (
    StateChunk,
    StateExport,
    StateFound,
    StateImport,
    StateNext,
    StateTaken,
    StateTicket,
)
from appliance.generation import ModelError
from tests.integration.engine.asking import ask, chat
from tests.integration.engine.peers import Served, served
from tests.integration.engine.process import EngineProcess, make_model

pytestmark = pytest.mark.engine

_STORY = "a story " * 15
_WAIT_S = 10.0


def _frame(text: str = _STORY, *, words: int | None = 8, key: str = "s1") -> api.Generate:
    return api.Generate(chat(text), words, 0, session_key=key, watch=False)


@pytest.fixture(scope="module")
def here(folder: Path, random_model: Path) -> Iterator[EngineProcess]:
    process = EngineProcess(folder / "j.sock", random_model, "--state", str(folder / "j-state"))
    yield process
    assert process.stop() == 0


@pytest.fixture(scope="module")
def there(folder: Path, random_model: Path) -> Iterator[Served]:
    with served(folder, "k", random_model) as box:
        yield box
        assert box.engine.running, "nothing of all this may end it"


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
    with served(folder, "l", other) as box:
        client = box.client()
        carried = await Carrier(lambda: here.client, client, time.monotonic).carry(chat(text), "s1")
        assert (carried.tokens, carried.reason) == (0, "another model or setting")
        tokens, envelope = await _exported(here, text, b"k" * 32)
        assert (await _handed(client, tokens, envelope)).refusal == "of another model or setting"
        heard = await ask(client, _frame(text))
        assert (heard.done.restored, heard.text) == ("", (await ask(box.engine.client, _frame(text))).text)
