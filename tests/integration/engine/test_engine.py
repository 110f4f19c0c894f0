"""The engine process with real llama.cpp: what it answers."""

from __future__ import annotations

import asyncio
import math
import stat
from pathlib import Path

import pytest

from appliance.engine import api
from appliance.engine.api import Control, Generate, Raw
from appliance.generation import FailureKind, ModelError
from tests.integration.engine.asking import LISTS, TIMER, ask, chat
from tests.integration.engine.process import EngineProcess

pytestmark = pytest.mark.engine


async def test_the_engine_says_what_it_runs(engine: EngineProcess) -> None:
    info = await engine.client.info()
    assert (info.name, info.architecture, info.context, info.pid) == ("tiny", "llama", 2048, engine.pid)
    assert info.embeddings
    assert info.generates
    assert info.tool_format == "plain"


async def test_only_the_owner_may_use_the_socket(engine: EngineProcess) -> None:
    assert stat.S_IMODE(engine.socket.stat().st_mode) == 0o600


async def test_an_answer_streams_and_ends_at_the_limit(engine: EngineProcess) -> None:
    heard = await ask(engine.client, Generate(chat("hello"), max_tokens=20, temperature=0))
    assert heard.done.stop == "length"
    assert heard.done.output_tokens == 20
    assert len([frame for frame in heard.frames if isinstance(frame, api.Token)]) > 5
    assert isinstance(heard.frames[0], api.Progress)


async def test_the_same_seed_says_the_same_and_another_one_does_not(engine: EngineProcess) -> None:
    def frame(seed: int) -> Generate:
        return Generate(chat("hello"), max_tokens=30, temperature=1.0, seed=seed)

    first, second, third = [(await ask(engine.client, frame(seed))).text for seed in (1, 1, 2)]
    assert first == second
    assert first != third


async def test_a_second_turn_reads_only_what_is_new(engine: EngineProcess) -> None:
    first = await ask(engine.client, Generate(chat("one " * 100), max_tokens=4, session_key="turns"))
    messages = [
        {"role": "user", "content": "one " * 100},
        {"role": "assistant", "content": first.text},
        {"role": "user", "content": "two"},
    ]
    conversation = api.Chat(messages, system="You are brief.")
    await ask(engine.client, Generate(chat("something else " * 30), max_tokens=4, session_key="other"))
    second = await ask(engine.client, Generate(conversation, max_tokens=4, session_key="turns"))
    assert first.done.cached_tokens < 60
    assert second.done.cached_tokens >= first.done.prompt_tokens
    assert second.done.prompt_tokens > second.done.cached_tokens


async def test_sessions_share_the_system_text_in_the_cache(engine: EngineProcess) -> None:
    system = "A long and stable beginning. " * 10
    for key in ("share-a", "share-b"):
        conversation = api.Chat([{"role": "user", "content": key}], system=system)
        heard = await ask(engine.client, Generate(conversation, max_tokens=2, session_key=key))
    assert heard.done.cached_tokens > len(system) * 0.8


async def test_sessions_at_once_hear_the_same_as_alone(engine: EngineProcess) -> None:
    def frame(number: int) -> Generate:
        text = f"{number} tell me of the sea " * (number * 5)
        return Generate(chat(text), max_tokens=40, temperature=0, session_key=f"s{number}")

    alone = [(await ask(engine.client, frame(number))).text for number in range(1, 4)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(engine.client, frame(number))) for number in range(1, 4)]
    assert [task.result().text for task in tasks] == alone


@pytest.mark.parametrize("seed", range(12))
async def test_required_calls_always_fit_their_schema_even_from_random_weights(
    engine: EngineProcess, seed: int
) -> None:
    conversation = chat("do something", tools=[TIMER, LISTS], tool_choice="required")
    heard = await ask(engine.client, Generate(conversation, max_tokens=1200, temperature=1.5, seed=seed))
    assert heard.done.stop == "tool_calls"
    assert heard.text.strip() == ""
    for call in heard.calls:
        if call.name == "timer_set":
            assert call.arguments["duration_s"] >= 0
            assert set(call.arguments) <= {"duration_s", "label", "loud"}
            assert len(call.arguments.get("label", "")) <= 12
        else:
            assert call.name == "list_add"
            assert call.arguments["list"] in ("shopping", "to do")
            assert 1 <= len(call.arguments["items"]) <= 3


async def test_a_named_tool_is_the_one_that_is_called(engine: EngineProcess) -> None:
    conversation = chat("do something", tools=[TIMER, LISTS], tool_choice="list_add")
    heard = await ask(engine.client, Generate(conversation, max_tokens=1200, temperature=1.0, seed=4))
    assert {call.name for call in heard.calls} == {"list_add"}


async def test_an_answer_of_a_schema_is_json(engine: EngineProcess) -> None:
    import json

    schema = {"type": "object", "properties": {"mood": {"enum": ["good", "bad"]}}, "required": ["mood"]}
    heard = await ask(engine.client, Generate(chat("hi", response_schema=schema), max_tokens=99, temperature=1.0))
    assert heard.done.stop == "stop"
    assert json.loads(heard.text)["mood"] in ("good", "bad")


async def test_a_dead_end_of_the_grammar_is_an_error_and_the_engine_lives(engine: EngineProcess) -> None:
    # token 261 ends an answer; after "a" the grammar wants it as a part, which it can never be
    dead = Generate(Raw(["x"], grammar='root ::= "a" <[261]>'), max_tokens=9, temperature=0)
    with pytest.raises(ModelError) as failure:
        await ask(engine.client, dead)
    assert failure.value.kind is FailureKind.BAD_RESPONSE
    assert failure.value.details["code"] == "grammar_dead_end"
    assert engine.running


@pytest.mark.parametrize("grammar", ["root ::= nothing", "root ::= root", 'start ::= "a"', "((((", "root ::= \0"])
async def test_a_grammar_that_is_none_is_refused(engine: EngineProcess, grammar: str) -> None:
    with pytest.raises(ModelError) as failure:
        await ask(engine.client, Generate(Raw(["x"], grammar=grammar), max_tokens=3))
    assert failure.value.kind is FailureKind.INVALID_REQUEST
    assert engine.running


async def test_log_probabilities_come_with_the_tokens(engine: EngineProcess) -> None:
    heard = await ask(engine.client, Generate(chat("hi"), max_tokens=10, temperature=0, logprobs=True))
    values = [value for frame in heard.frames if isinstance(frame, api.Token) for value in frame.logprobs]
    assert len(values) == 10
    assert all(value < 0 for value in values)


async def test_candidates_are_scored_over_the_whole_vocabulary_in_one_call(engine: EngineProcess) -> None:
    info = await engine.client.info()
    prompt = Raw(["turn the light on ", Control("<|im_end|>")], grammar='root ::= "yes" | "no"')
    every = list(range(info.vocabulary))
    heard = await ask(engine.client, Generate(prompt, max_tokens=9, temperature=0, candidates=every))
    scores = next(frame for frame in heard.frames if isinstance(frame, api.Scores))
    assert math.isclose(sum(math.exp(value) for value in scores.logprobs), 1.0, rel_tol=1e-6)
    assert heard.text in ("yes", "no")
    only = await ask(engine.client, Generate(prompt, max_tokens=0, candidates=["<|im_end|>", 5]))
    values = next(frame for frame in only.frames if isinstance(frame, api.Scores)).logprobs
    by_name = (await engine.client.tokenize("<|im_end|>", special=True))[0]
    assert values == pytest.approx([scores.logprobs[by_name], scores.logprobs[5]], abs=1e-3)
    assert only.done.output_tokens == 0


async def test_a_control_token_in_a_text_stays_text(engine: EngineProcess) -> None:
    plain = await engine.client.tokenize("<|im_end|>")
    assert len(plain) > 1
    a = await ask(engine.client, Generate(Raw(["<|im_end|>"]), max_tokens=1))
    b = await ask(engine.client, Generate(Raw([Control("<|im_end|>")]), max_tokens=1))
    assert (a.done.prompt_tokens, b.done.prompt_tokens) == (len(plain), 1)


async def test_a_stop_string_ends_the_answer_before_it(engine: EngineProcess) -> None:
    whole = (await ask(engine.client, Generate(chat("hello"), max_tokens=40, temperature=0))).text
    stop = whole[10:13]
    heard = await ask(engine.client, Generate(chat("hello"), max_tokens=40, temperature=0, stop=[stop]))
    assert heard.done.stop == "stop"
    assert heard.text == whole[: whole.index(stop)]


async def test_a_prompt_over_the_window_is_refused_with_numbers(engine: EngineProcess) -> None:
    fits = Raw(["x" * 2047])
    assert (await ask(engine.client, Generate(fits, max_tokens=5))).done.output_tokens == 1
    for characters in (2048, 200_000):
        with pytest.raises(ModelError) as failure:
            await ask(engine.client, Generate(Raw(["x" * characters]), max_tokens=5))
        assert failure.value.kind is FailureKind.CONTEXT_OVERFLOW
        assert failure.value.details["window"] == 2048
        assert failure.value.details["promptTokens"] >= 2048


@pytest.mark.parametrize(
    "frame",
    [
        Generate(Raw([]), max_tokens=1),
        Generate(Raw([99_999]), max_tokens=1),
        Generate(Raw([-1]), max_tokens=1),
        Generate(Raw([Control("<|nobody|>")]), max_tokens=1),
        Generate(Raw(["x"]), max_tokens=-5),
        Generate(Raw(["x"]), min_confidence=1.0),
        Generate(Raw(["x"]), min_confidence=0.5, hold_tokens=0),
        Generate(Raw(["x"]), min_confidence=0.5, hold_tokens=257),
        Generate(Raw(["x"]), temperature=-1.0),
        Generate(Raw(["x"]), temperature=math.nan),
        Generate(Raw(["x"]), top_p=0.0),
        Generate(Raw(["x"]), seed=-1),
        Generate(Raw(["x"]), stop=["a"] * 17),
        Generate(Raw(["x"]), candidates=[1] * 1025),
        Generate(Raw(["x"], grammar="x" * (512 * 1024 + 1))),
        Generate(chat("x", tools=[TIMER] * 257)),
        Generate(chat("x", response_schema={"type": "string", "pattern": "a"})),
        Generate(api.Chat([])),
    ],
)
async def test_an_invalid_request_is_named_and_harms_nobody(engine: EngineProcess, frame: Generate) -> None:
    with pytest.raises(ModelError) as failure:
        await ask(engine.client, frame)
    assert failure.value.kind is FailureKind.INVALID_REQUEST
    assert engine.running


async def test_vectors_have_length_one_and_do_not_depend_on_their_company(engine: EngineProcess) -> None:
    texts = ["the sea", "x" * 1500, "", "a timer"]
    together = (await engine.client.embed(texts)).vectors
    assert [len(vector) for vector in together] == [64] * 4
    for vector in together:
        assert math.isclose(math.hypot(*vector), 1.0, rel_tol=1e-5)
    alone = (await engine.client.embed(["a timer"])).vectors[0]
    assert sum(a * b for a, b in zip(alone, together[3], strict=True)) > 0.999


async def test_vectors_are_bounded_in_number(engine: EngineProcess) -> None:
    assert len((await engine.client.embed(["x"] * 256)).vectors) == 256
    for texts in ([], ["x"] * 257):
        with pytest.raises(ModelError) as failure:
            await engine.client.embed(texts)
        assert failure.value.kind is FailureKind.INVALID_REQUEST


async def test_characters_split_over_tokens_arrive_whole(folder: Path, reciting_model: Path) -> None:
    process = EngineProcess(folder / "reciting.sock", reciting_model)
    try:
        heard = await ask(process.client, Generate(chat("hallo"), max_tokens=50, temperature=0))
        assert heard.text == "Grüße aus dem 日本."
        assert heard.done.stop == "stop"
        conversation = chat("hallo", tools=[TIMER])
        assert (await ask(process.client, Generate(conversation, temperature=0))).text == "Grüße aus dem 日本."
    finally:
        assert process.stop() == 0


async def test_a_file_that_is_no_model_is_a_final_failure(folder: Path) -> None:
    import subprocess

    from tests.integration.engine.process import argv, environment, home

    broken = folder / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(200))
    command = argv(folder / "broken.sock", broken)
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment(home()), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 66
    assert "cannot load broken.gguf" in done.stderr
