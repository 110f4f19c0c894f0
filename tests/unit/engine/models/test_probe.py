"""The probes, the judgement of what was said to them, and what follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.engine import api
from appliance.engine.models.probe.cases import AnswerProbe, CallProbe, probes
from appliance.engine.models.probe.record import ProbeRecords, ProbeResult
from appliance.engine.models.probe.run import probe
from appliance.engine.models.probe.scoring import (
    Judged,
    Said,
    judge_answer,
    judge_call,
    least_confidence,
    tools_per_turn,
)
from appliance.engine.models.recommend.box import Rates
from appliance.generation import FailureKind, ModelError
from tests.unit.engine.test_pull import NoWait

SHA = "ab" * 32
TIMER = CallProbe("t", 3, "en", "x", "timer_set", {"minutes": 7, "label": "egg"})
LIGHT = CallProbe("l", 4, "en", "x", "light_set", {"on": False})
NONE = CallProbe("n", 3, "en", "x", "", {})


def test_there_are_twenty_probes_with_tools_and_ten_without() -> None:
    cases = probes()
    assert (len(cases.calls), len(cases.answers)) == (20, 10)
    assert Counter(one.tools for one in cases.calls) == {3: 5, 4: 5, 5: 5, 6: 5}
    assert Counter(one.tool == "" for one in cases.calls) == {False: 16, True: 4}
    ids = [one.id for one in (*cases.calls, *cases.answers)]
    assert len(set(ids)) == 30
    assert {one.language for one in (*cases.calls, *cases.answers)} == {"en", "de", "fr"}


def test_the_right_tool_is_always_offered_and_its_arguments_are_of_its_schema() -> None:
    for case in probes().calls:
        offered = {tool.name: tool for tool in probes().offered(case)}
        assert len(offered) == case.tools
        if case.tool:
            properties = offered[case.tool].parameters["properties"]
            assert case.arguments.keys() <= properties.keys()


@pytest.mark.parametrize(
    ("case", "calls", "right"),
    [
        (TIMER, [("timer_set", {"minutes": 7, "label": "The Eggs"})], True),
        (TIMER, [("timer_set", {"minutes": 7.0, "label": "eggs", "more": 1})], True),
        (TIMER, [("timer_set", {"minutes": 8, "label": "eggs"})], False),
        (TIMER, [("timer_set", {"minutes": "7", "label": "eggs"})], False),
        (TIMER, [("timer_set", {"minutes": 7})], False),
        (TIMER, [("note_add", {"minutes": 7, "label": "eggs"})], False),
        (TIMER, [("timer_set", {"minutes": 7, "label": "eggs"})] * 2, False),
        (TIMER, [], False),
        (LIGHT, [("light_set", {"on": False})], True),
        (LIGHT, [("light_set", {"on": 0})], False),
        (NONE, [], True),
        (NONE, [("timer_set", {"minutes": 7})], False),
    ],
)
def test_a_call_is_right_when_tool_and_arguments_are(
    case: CallProbe, calls: list[tuple[str, dict[str, Any]]], right: bool
) -> None:
    judged = judge_call(case, Said("words", tuple(calls), 0.5))
    assert (judged.right, judged.tools, judged.confidence) == (right, case.tools, 0.5)


@pytest.mark.parametrize(
    ("text", "right"),
    [("Nails.", True), ("it holds NAIL", True), ("snails", False), ("", False), ("Der Spinat ist Grün", True)],
)
def test_an_answer_is_right_when_a_word_begins_as_it_must(text: str, right: bool) -> None:
    assert judge_answer(AnswerProbe("a", "en", "x", ("nail", "grün")), Said(text)).right is right


def verdicts(**right_of: tuple[int, int]) -> list[Judged]:
    """`s3=(4, 5)`: four of five right with three tools."""
    return [
        Judged(f"{size}-{number}", number < right, 0.5, tools=int(size[1:]))
        for size, (right, total) in right_of.items()
        for number in range(total)
    ]


@pytest.mark.parametrize(
    ("counts", "tools"),
    [
        ({"s3": (5, 5), "s4": (5, 5), "s5": (5, 5), "s6": (5, 5)}, 6),
        ({"s3": (5, 5), "s4": (5, 5), "s5": (3, 5), "s6": (3, 5)}, 6),
        ({"s3": (5, 5), "s4": (4, 5), "s5": (2, 5), "s6": (5, 5)}, 4),
        ({"s3": (4, 5), "s4": (3, 5), "s5": (3, 5), "s6": (3, 5)}, 4),
        ({"s3": (0, 5), "s4": (5, 5), "s5": (5, 5), "s6": (5, 5)}, 3),
        ({}, 3),
    ],
)
def test_tools_are_as_many_as_the_model_still_chose_well_among(counts: dict[str, tuple[int, int]], tools: int) -> None:
    assert tools_per_turn(verdicts(**counts)) == tools


def answers(*pairs: tuple[float, bool]) -> list[Judged]:
    return [Judged(str(number), right, confidence) for number, (confidence, right) in enumerate(pairs)]


def test_the_threshold_parts_right_from_wrong_answers() -> None:
    assert least_confidence(answers((0.9, True), (0.8, True), (0.4, False), (0.3, False))) == pytest.approx(0.6)
    assert least_confidence(answers((0.9, True), (0.5, True))) == 0.0
    assert least_confidence([]) == 0.0
    assert least_confidence(answers((0.4, False), (0.3, False))) == 0.9
    assert least_confidence(answers((0.99, True), (0.97, False))) == 0.9, "never above the cap"


def test_a_model_that_is_hardly_ever_right_hands_over_what_it_can() -> None:
    wrong = [(0.2, False)] * 20
    assert least_confidence(answers(*[(0.2, True)] * 9, *wrong)) == 0.9
    assert least_confidence(answers(*[(0.2, True)] * 10, *wrong)) == 0.0, "a third is right, and nothing parts them"


def test_the_threshold_never_takes_more_than_half_of_the_right_answers() -> None:
    mixed = answers((0.9, False), (0.8, True), (0.7, False), (0.6, False), (0.5, True), (0.4, False), (0.3, True))
    threshold = least_confidence(mixed)
    right = [one for one in mixed if one.right]
    assert sum(one.confidence >= threshold for one in right) * 2 >= len(right)


class ScriptedEngine:
    """Says what `say` returns for a request."""

    def __init__(self, say: Callable[[api.Generate], list[api.StreamAnswer]]) -> None:
        self._say = say
        self.asked: list[api.Generate] = []

    async def generate(self, frame: api.Generate) -> AsyncGenerator[api.StreamAnswer, None]:
        self.asked.append(frame)
        for answer in self._say(frame):
            yield answer


def knowing(frame: api.Generate) -> list[api.StreamAnswer]:
    """Answer every probe as it should be, 200 tokens a second in, 20 out."""
    assert isinstance(frame.input, api.Chat)
    said = frame.input.messages[0]["content"]
    done = api.Done("stop", 300, 100, 20, prompt_ms=1000.0, generate_ms=1000.0, confidence=0.8)
    for call in probes().calls:
        if call.say == said and call.tool:
            return [api.Call("1", call.tool, dict(call.arguments)), done]
    for case in probes().answers:
        if case.say == said:
            return [api.Token(f"It is {case.any[0]}."), done]
    return [api.Token("You are welcome."), done]


async def test_a_model_that_knows_everything_gets_six_tools_and_never_hands_over() -> None:
    engine, seen = ScriptedEngine(knowing), []
    result = await probe(
        engine, sha256=SHA, file="m.gguf", clock=NoWait(), on_progress=lambda done, total: seen.append((done, total))
    )
    assert (result.calls, result.answers) == ((20, 20), (10, 10))
    assert (result.tools_per_turn, result.least_confidence) == (6, 0.0)
    assert result.rates == Rates(200.0, 20.0)
    assert seen[0] == (1, 30)
    assert seen[-1] == (30, 30)
    assert all(frame.background and frame.temperature == 0 and not frame.keep for frame in engine.asked)
    kits = {len(frame.input.tools) for frame in engine.asked if isinstance(frame.input, api.Chat)}
    assert kits == {0, 3, 4, 5, 6}


async def test_a_model_that_calls_nothing_gets_three_tools() -> None:
    engine = ScriptedEngine(lambda frame: [api.Token("?"), api.Done("stop", 10, 0, 1, confidence=0.2)])
    result = await probe(engine, sha256=SHA, file="m.gguf", clock=NoWait())
    assert (result.calls, result.answers) == ((4, 20), (0, 10))
    assert (result.tools_per_turn, result.least_confidence) == (3, 0.9)
    assert result.rates == Rates(), "ten tokens are no measurement"


async def test_a_probe_that_the_engine_refuses_is_wrong_and_an_engine_that_goes_away_ends_it() -> None:
    def refuse(kind: FailureKind) -> ScriptedEngine:
        def say(frame: api.Generate) -> list[api.StreamAnswer]:
            raise ModelError(kind, "no")

        return ScriptedEngine(say)

    result = await probe(refuse(FailureKind.CONTEXT_OVERFLOW), sha256=SHA, file="m.gguf", clock=NoWait())
    assert result.answers == (0, 10)
    for kind in (FailureKind.UNAVAILABLE, FailureKind.OVERLOADED):
        with pytest.raises(ModelError):
            await probe(refuse(kind), sha256=SHA, file="m.gguf", clock=NoWait())


def result(sha256: str = SHA) -> ProbeResult:
    return ProbeResult(sha256, "m.gguf", 1, 4, 0.5, (Judged("a", True, 0.9),), Rates(100, 10))


def test_a_result_is_found_by_the_hash_of_its_model(tmp_path: Path) -> None:
    records = ProbeRecords(tmp_path / "probes")
    assert records.of(SHA) is None
    records.keep(result())
    records.keep(result("cd" * 32))
    assert records.of(SHA) == result()
    assert records.all() == (result(), result("cd" * 32))
    records.forget(SHA)
    assert records.of(SHA) is None
    records.forget(SHA)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff", b'{"sha256": 1}'])
def test_a_damaged_result_is_a_model_that_was_not_probed(tmp_path: Path, damage: bytes) -> None:
    records = ProbeRecords(tmp_path)
    records.keep(result())
    (tmp_path / f"{SHA}.json").write_bytes(damage)
    assert records.of(SHA) is None
    assert records.all() == ()


def test_a_hash_is_no_path_and_a_result_under_another_name_is_none(tmp_path: Path) -> None:
    records = ProbeRecords(tmp_path / "probes")
    records.keep(result())
    (tmp_path / "secret.json").write_bytes((tmp_path / "probes" / f"{SHA}.json").read_bytes())
    assert records.of("../secret") is None
    (tmp_path / "probes" / f"{SHA}.json").rename(tmp_path / "probes" / f"{'cd' * 32}.json")
    assert records.of("cd" * 32) is None
