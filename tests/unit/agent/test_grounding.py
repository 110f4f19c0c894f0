from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import SupportsIndex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.agent import grounding
from appliance.agent.grounding import good_part, grounding_prompt
from appliance.context.assembly import MARKS
from appliance.generation import (
    FailureKind,
    Finished,
    GenerateRequest,
    ModelError,
    ModelInfo,
    StopReason,
    StreamItem,
    TextDelta,
    ToolCallReady,
)
from appliance.messages import Role, ToolCall, ToolResult, Usage
from appliance.providers.errors import AllFailed
from appliance.providers.failover import CandidateChosen, ChainItem
from tests.unit.agent.test_loop import Stage

LOCAL = ModelInfo("local", "tiny", "Tiny", context_window=8192, local=True)
BIG = ModelInfo("cloud", "big", "Big", context_window=8192)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("The sea is salt. I think so I think so I think so I think so I th", "The sea is salt. I think so"),
        ("Yes.\nNo.\nNo.\nNo.\nNo.\nNo.\nNo.\nNo.\nNo.\nNo.\n", "Yes.\nNo."),
        ("ha ha ha", ""),
        ("One is good. " + "x y z q w e " * 2 + "fgh " * 8, "One is good. x y z q w e x y z q w e fgh"),
        ("It is noon in Oslo. " + "".join(chr(0x400 + n) for n in range(130)), "It is noon in Oslo."),
        ("", ""),
    ],
)
def test_what_came_before_the_circle_is_kept(text: str, kept: str) -> None:
    assert good_part(text) == kept


@given(st.text(min_size=1, max_size=40), st.integers(3, 12))
def test_a_kept_part_is_always_the_beginning_of_the_answer(unit: str, times: int) -> None:
    assert ("Begin. " + unit * times).startswith(good_part("Begin. " + unit * times))


class Counted(str):
    """Counts how often a character of it is looked at."""

    looked = 0

    def __getitem__(self, at: SupportsIndex | slice) -> str:
        Counted.looked += isinstance(at, int)
        return super().__getitem__(at)


@pytest.mark.parametrize("unit", ["x", "ab", "foo " + "a" * 30])
def test_a_long_circle_is_read_only_a_few_times(unit: str) -> None:
    text = Counted(unit * (20_000 // len(unit)))
    Counted.looked = 0
    assert good_part(text) == unit.rstrip()
    assert Counted.looked < 8 * len(text)


def test_the_prompt_names_the_task_and_bounded_facts() -> None:
    results = [ToolResult(f"c{n}", "clock_now", f"fact {n} " + "x" * 300) for n in range(9)]
    prompt = grounding_prompt("what time is it\n in Oslo " + "y" * 500, results)
    assert "what time is it in Oslo" in prompt
    assert "fact 8" in prompt
    assert "fact 2" not in prompt
    assert len(prompt) < 400 + 6 * 230 + 300


class Chain:
    """Models with scripts; remembers who was asked what."""

    def __init__(self, scripts: Sequence[tuple[ModelInfo, Sequence[StreamItem]]]) -> None:
        self._scripts = list(scripts)
        self.asked: list[tuple[str, GenerateRequest]] = []
        self.models = list(dict.fromkeys(info for info, _ in scripts))

    def starting_at(self, ref: str, *, past: bool) -> Chain | None:
        refs = [info.ref for info in self.models]
        left = self.models[refs.index(ref) + past :]
        if not left:
            return None
        rest = Chain([])
        rest._scripts, rest.asked, rest.models = self._scripts, self.asked, left
        return rest

    async def generate(self, build: Callable[[ModelInfo], GenerateRequest]) -> AsyncIterator[ChainItem]:
        if not self._scripts:
            error = ModelError(FailureKind.UNAVAILABLE, "gone")
            raise AllFailed([(self.models[0].ref, error)])
        info, items = self._scripts.pop(0)
        assert info == self.models[0]
        self.asked.append((info.ref, build(info)))
        yield CandidateChosen(info)
        for item in items:
            yield item


def _circles(text: str = "It is noon. ") -> list[StreamItem]:
    return [
        TextDelta(text + "so it is, " * 6),
        Finished(StopReason.DEGENERATED, Usage(10, 30, 4), reason="repetition"),
    ]


def _says(text: str) -> list[StreamItem]:
    return [TextDelta(text), Finished(StopReason.END, Usage(20, 5, 18))]


async def test_a_model_that_ran_in_circles_is_grounded_and_goes_on() -> None:
    chain = Chain([(LOCAL, _circles()), (LOCAL, _says("In Oslo.")), (BIG, [])])
    stage = Stage(chain)  # type: ignore[arg-type]  # another chain than the one of those tests
    outcome = await stage.loop.run()
    assert outcome.text == "It is noon. so it is, In Oslo."
    note = stage.stored[0]
    assert note["role"] == "note"
    assert "repetition" in note["content"][0]["text"]
    grounded = [event.data for event in stage.events if event.data.get("phase") == "grounding"]
    assert [(one["model"], one["reason"], one["attempt"]) for one in grounded] == [("local/tiny", "repetition", 1)]
    ref, request = chain.asked[1]
    assert ref == "local/tiny"
    assert [message.role for message in request.messages[-2:]] == [Role.ASSISTANT, Role.USER]
    assert "Oslo" in request.messages[-1].text
    assert outcome.entry[MARKS]["tokens"] == {"cached": 22, "computed": 8, "output": 35}


async def test_clients_hear_the_text_anew_when_some_of_it_is_taken_back() -> None:
    stage = Stage(Chain([(LOCAL, _circles()), (LOCAL, _says("In Oslo."))]))  # type: ignore[arg-type]  # see above
    outcome = await stage.loop.run()
    said = ""
    for chat in stage.chats:
        if chat.state == "delta":
            said = chat.fields["deltaText"] if chat.fields.get("replace") else said + chat.fields["deltaText"]
    assert said == outcome.text


async def test_after_two_times_the_next_model_takes_over() -> None:
    chain = Chain([(LOCAL, _circles())] * 3 + [(BIG, _says("Noon."))])
    stage = Stage(chain)  # type: ignore[arg-type]  # see above
    outcome = await stage.loop.run()
    assert [ref for ref, _ in chain.asked] == ["local/tiny"] * 3 + ["cloud/big"]
    assert outcome.text.endswith("Noon.")
    assert (outcome.provider, outcome.model) == ("cloud", "big")
    assert [entry["role"] for entry in stage.stored] == ["note"] * 3
    assert "next model" in stage.stored[2]["content"][0]["text"]


@pytest.mark.parametrize(("text", "left"), [("Good so far. ", "Good so far."), ("", grounding.GIVEN_UP)])
async def test_without_another_model_the_good_part_or_an_honest_word_is_the_answer(text: str, left: str) -> None:
    def circles(begin: str) -> tuple[ModelInfo, list[StreamItem]]:
        end = Finished(StopReason.DEGENERATED, Usage(1, 1), reason="flat")
        return LOCAL, [TextDelta(begin + "".join(chr(0x400 + n) for n in range(130))), end]

    stage = Stage(Chain([circles(text), circles(""), circles("")]))  # type: ignore[arg-type]  # see above
    outcome = await stage.loop.run()
    assert outcome.text.strip() == left


async def test_a_failure_after_a_good_part_leaves_the_good_part() -> None:
    stage = Stage(Chain([(LOCAL, _circles())]))  # type: ignore[arg-type]  # see above
    outcome = await stage.loop.run()
    assert outcome.text == "It is noon. so it is, "


async def test_a_whole_call_is_run_even_when_what_followed_it_degenerated() -> None:
    call = ToolCall("c1", "clock_now", {})
    circles: list[StreamItem] = [ToolCallReady(call), Finished(StopReason.DEGENERATED, Usage(1, 1))]
    stage = Stage(Chain([(LOCAL, circles), (LOCAL, _says("Noon."))]))  # type: ignore[arg-type]  # see above
    assert (await stage.loop.run()).text == "Noon."
    assert stage.ran == [call]
