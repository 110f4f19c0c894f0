"""The measurement of the engine in its smallest form, so that it cannot rot. No time is asserted."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from tests.bench.engine.bench import Bench
from tests.bench.engine.costs import costs
from tests.bench.engine.decode import decode
from tests.bench.engine.gateway import loop_delay
from tests.bench.engine.neighbours import neighbours
from tests.bench.engine.paired import Pairs, in_turns
from tests.bench.engine.quoting import quoting
from tests.bench.engine.sessions import gap, sessions, waited, written
from tests.bench.engine.sides.answer import Streamed, together, worst_gap
from tests.bench.engine.sides.ours import Ours
from tests.bench.engine.sides.peers import ServerClient
from tests.bench.engine.sides.setting import Setting
from tests.bench.engine.synthetic.files import bench_model
from tests.bench.engine.synthetic.shapes import TINY
from tests.bench.engine.turns import turns

_SCALE = 0.02


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(bench_model(TINY, tmp_path_factory.mktemp("bench-models")), scale=_SCALE)


@pytest.mark.engine
async def test_the_model_says_its_chain_and_look_up_finds_the_quotes(rig: Bench) -> None:
    figures = {figure.name: figure.value for figure in await quoting(rig)}
    assert figures["quoting with look-up, of without"] > 0
    assert figures["guesses that were right"] > 50


@pytest.mark.engine
async def test_turns_find_their_beginning_where_the_measurement_says(rig: Bench) -> None:
    assert all(figure.value > 0 for figure in await turns(rig))


@pytest.mark.engine
async def test_costs_are_found_within(rig: Bench) -> None:
    assert all(figure.value > 0 for figure in await costs(rig) if "grammar" not in figure.name)


@pytest.mark.engine
async def test_the_gateway_is_asked_while_answers_are_written(rig: Bench) -> None:
    p50, p99, pieces = await loop_delay(rig)
    assert 0 < p50.value <= p99.value
    assert pieces.unit == ""


@pytest.mark.engine
async def test_an_answer_is_written_beside_busy_neighbours(rig: Bench) -> None:
    assert all(figure.value > 0 for figure in await neighbours(rig))


@pytest.mark.engine
async def test_answers_at_once_and_beside_a_long_prompt(rig: Bench) -> None:
    with rig.folder() as folder, Ours(Setting(rig.model.path, sessions=4, cells=8192), folder) as engine:
        assert await written(rig, engine, 3, 64) > 0
        assert await waited(rig, engine) > 0


@pytest.mark.engine
async def test_parts_with_peers_measure_something_where_the_peers_are_built(rig: Bench) -> None:
    if not list(Path(__file__).parents[3].glob(".cache/llama/peers-*/llama-server")):
        pytest.skip("llama-bench and llama-server are not built: scripts/bench engine")
    figures = [*await decode(rig), *await sessions(rig), *await gap(rig)]
    assert all(figure.value > 0 for figure in figures)


def test_the_rate_of_several_counts_the_time_in_which_all_write() -> None:
    early = Streamed(0.0, times=[1.0, 2.0, 3.0, 4.0])
    late = Streamed(0.0, times=[2.0, 3.0, 4.0, 5.0])
    assert together([early, late]) == 2.0
    with pytest.raises(RuntimeError, match="overlap"):
        together([early, Streamed(0.0, times=[9.0, 10.0])])


def test_the_worst_gap_is_looked_for_between_two_moments() -> None:
    writer = Streamed(0.0, times=[0.0, 5.0, 6.0, 8.0, 20.0])
    assert worst_gap([writer], 5.5, 8.0) == 2.0
    assert worst_gap([writer], 5.5, 9.0) == 12.0
    with pytest.raises(RuntimeError, match="nobody"):
        worst_gap([writer], 30.0, 31.0)


async def test_sides_take_turns_and_each_is_first_as_often() -> None:
    order: list[str] = []

    def side(name: str, values: Sequence[float]) -> Callable[[], Awaitable[float]]:
        left = iter(values)

        async def measure() -> float:
            order.append(name)
            return next(left)

        return measure

    pairs = await in_turns(side("a", [2.0, 9.0, 4.0]), side("b", [1.0, 3.0, 4.0]), 3)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert (pairs.ratio, pairs.ours, pairs.peers) == (2.0, 4.0, 3.0)


def test_figures_of_pairs_name_the_peer_and_its_value() -> None:
    ratio, value = Pairs([(3.0, 2.0)]).figures("rate", "/s", "peer", 1.0, more_is_better=True)
    assert (ratio.name, ratio.value, ratio.met) == ("rate, of peer's", 1.5, True)
    assert (value.value, value.peer) == (3.0, 2.0)


async def test_a_stream_of_llama_server_is_counted_to_its_last_event() -> None:
    events = [{"content": "a", "stop": False}, {"content": "b", "stop": False}]
    last = {"content": "", "stop": True, "tokens_predicted": 2}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for event in (*events, last):
            writer.write(f"data: {json.dumps(event, separators=(',', ':'))}\n\n".encode())
        writer.close()
        with contextlib.suppress(OSError):  # the client has read what it wants
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    side = ServerClient(server.sockets[0].getsockname()[1])
    streamed = await side.stream([1], 2)
    assert (streamed.tokens, len(streamed.times)) == (2, 2)
    with pytest.raises(RuntimeError, match="2 of 3"):
        await side.stream([1], 3)
    server.close()
    await server.wait_closed()
