"""One answer from the first candidate that can give it."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from appliance.generation import (
    FailureKind as Kind,
)
from appliance.generation import (
    Finished,
    GenerateRequest,
    ModelError,
    ModelInfo,
    ReasoningDelta,
    StopReason,
    TextDelta,
    ToolCallReady,
)
from appliance.messages import ToolCall
from appliance.providers.cooldown import Cooldowns
from appliance.providers.errors import AllFailed, AnswerBroken
from appliance.providers.failover import (
    Candidate,
    CandidateChosen,
    CandidateFailed,
    ChainItem,
    Failover,
)
from tests.fakes.clock import FakeClock
from tests.fakes.provider import ScriptedProvider, fails, local, said


class Stage:
    """Providers in a chain, with the clock and the cooldowns that they share."""

    def __init__(self, *providers: ScriptedProvider, offline: bool = False) -> None:
        self.clock = FakeClock()
        self.cooldowns = Cooldowns()
        self.providers = providers
        self.offline = offline
        self.seen: list[ChainItem] = []

    def chain(self) -> Failover:
        candidates = [Candidate(provider, provider.models()[0]) for provider in self.providers]
        return Failover(candidates, cooldowns=self.cooldowns, clock=self.clock, offline=self.offline)

    async def run(self) -> str:
        self.seen = []
        async with aclosing(self.chain().generate(_build)) as items:
            async for item in items:
                self.seen.append(item)
        return "".join(item.text for item in self.seen if isinstance(item, TextDelta))

    @property
    def steps(self) -> list[str]:
        """Who failed and who was chosen, in order."""
        names = {CandidateChosen: "chosen", CandidateFailed: "failed"}
        return [
            f"{item.info.provider} {names[type(item)]}"
            for item in self.seen
            if isinstance(item, (CandidateChosen, CandidateFailed))
        ]

    @property
    def calls(self) -> list[int]:
        return [len(provider.requests) for provider in self.providers]


def _build(info: ModelInfo) -> GenerateRequest:
    return GenerateRequest(info.id, "s", ())


def two(*first: object, **fields: bool) -> Stage:
    return Stage(ScriptedProvider("a", *first), ScriptedProvider("b", said("from b")), **fields)  # type: ignore[arg-type] # scripts


async def test_the_first_that_answers_is_the_only_one_asked() -> None:
    stage = two(said("from a"))
    assert await stage.run() == "from a"
    assert stage.calls == [1, 0]
    assert stage.steps == ["a chosen"]


@pytest.mark.parametrize("kind", list(Kind))
async def test_whatever_happens_before_the_first_word_the_next_is_asked(kind: Kind) -> None:
    stage = two(fails(kind))
    assert await stage.run() == "from b"
    assert stage.steps == ["a failed", "b chosen"]


async def test_thinking_is_not_visible_and_does_not_bind() -> None:
    stage = two((ReasoningDelta("hm"), TextDelta(""), ModelError(Kind.NETWORK, "it broke.")))
    assert await stage.run() == "from b"
    assert stage.steps == ["a chosen", "a failed", "b chosen"]


@pytest.mark.parametrize("visible", [TextDelta("Once"), ToolCallReady(ToolCall("1", "f", {}))])
async def test_after_the_first_word_a_failure_ends_the_run(visible: TextDelta | ToolCallReady) -> None:
    stage = two((visible, ModelError(Kind.NETWORK, "the connection broke.")))
    with pytest.raises(AnswerBroken, match="a/one stopped in the middle of its answer") as caught:
        await stage.run()
    assert caught.value.kind is Kind.NETWORK
    assert stage.calls == [1, 0]


async def test_a_refusal_without_a_word_goes_on_and_one_with_words_is_an_answer() -> None:
    stage = two((Finished(StopReason.REFUSED),), (TextDelta("I cannot."), Finished(StopReason.REFUSED)))
    assert await stage.run() == "from b"
    assert await stage.run() == "I cannot."


async def test_when_nobody_can_answer_every_reason_is_kept() -> None:
    stage = Stage(ScriptedProvider("a", fails(Kind.AUTH)), ScriptedProvider("b", fails(Kind.OVERLOADED)))
    with pytest.raises(AllFailed, match=r"^No model could answer: it failed \(auth\); it failed") as caught:
        await stage.run()
    assert [(ref, error.kind) for ref, error in caught.value.attempts] == [
        ("a/one", Kind.AUTH),
        ("b/one", Kind.OVERLOADED),
    ]
    assert stage.steps == ["a failed", "b failed"]


async def test_an_empty_chain_says_what_to_set_up() -> None:
    with pytest.raises(AllFailed, match="homarus models pull"):
        await Stage().run()


async def test_handing_over_is_no_fault() -> None:
    stage = Stage(*(ScriptedProvider("homarus", *[fails(Kind.ESCALATE)] * 5),))
    for _ in range(5):
        with pytest.raises(AllFailed) as caught:
            await stage.run()
        assert caught.value.only_escalated
    assert stage.calls == [5]


@pytest.mark.parametrize("kind", [Kind.AUTH, Kind.RATE_LIMIT, Kind.BILLING])
async def test_a_provider_rests_for_1_5_25_and_60_minutes(kind: Kind) -> None:
    stage = Stage(ScriptedProvider("a", *[fails(kind)] * 6), ScriptedProvider("b"))
    for asked, minutes in enumerate((1, 5, 25, 60, 60), start=1):
        await stage.run()
        assert stage.calls[0] == asked
        stage.clock.advance(minutes * 60 - 1)
        await stage.run()
        assert stage.calls[0] == asked, "it still rests"
        assert "rests for 1 s after a failure" in str(
            next(item.error for item in stage.seen if isinstance(item, CandidateFailed))
        )
        stage.clock.advance(1)


async def test_a_success_forgets_the_failures() -> None:
    stage = two(fails(Kind.RATE_LIMIT), said("ok"), fails(Kind.RATE_LIMIT), said("again"))
    await stage.run()
    stage.clock.advance(60)
    assert await stage.run() == "ok"
    await stage.run()
    stage.clock.advance(60)
    assert await stage.run() == "again"


async def test_a_longer_wish_of_the_service_counts() -> None:
    stage = two(fails(Kind.RATE_LIMIT, retry_after_s=90.0))
    await stage.run()
    stage.clock.advance(89)
    await stage.run()
    assert stage.calls[0] == 1
    stage.clock.advance(1)
    await stage.run()
    assert stage.calls[0] == 2


@pytest.mark.parametrize("kind", [Kind.OVERLOADED, Kind.CONTEXT_OVERFLOW, Kind.REFUSED, Kind.UNAVAILABLE])
async def test_other_failures_do_not_make_a_provider_rest(kind: Kind) -> None:
    stage = two(fails(kind))
    await stage.run()
    await stage.run()
    assert stage.calls[0] == 2


async def test_an_unreachable_provider_rests_half_a_minute_so_that_turns_stay_fast() -> None:
    stage = two(fails(Kind.NETWORK))
    await stage.run()
    stage.clock.advance(29)
    await stage.run()
    assert stage.calls[0] == 1
    stage.clock.advance(1)
    assert await stage.run() == "ok"


async def test_when_everybody_rests_the_first_is_tried_all_the_same() -> None:
    stage = Stage(ScriptedProvider("a", fails(Kind.AUTH), said("the key was mended")))
    with pytest.raises(AllFailed):
        await stage.run()
    assert await stage.run() == "the key was mended"


async def test_but_not_before_the_wait_that_the_service_asked_for() -> None:
    stage = Stage(ScriptedProvider("a", fails(Kind.RATE_LIMIT, retry_after_s=30.0)))
    for _ in range(2):
        with pytest.raises(AllFailed):
            await stage.run()
    assert stage.calls == [1]
    stage.clock.advance(30)
    assert await stage.run() == "ok"


async def test_failing_again_while_resting_does_not_lengthen_the_rest() -> None:
    stage = Stage(ScriptedProvider("a", *[fails(Kind.AUTH)] * 20))
    for _ in range(20):
        with pytest.raises(AllFailed):
            await stage.run()
    assert stage.cooldowns.resting("a", stage.clock.monotonic()) == (Kind.AUTH, 60.0)
    stage.cooldowns.clear("a")
    assert stage.cooldowns.resting("a", stage.clock.monotonic()) is None


async def test_offline_asks_only_models_of_this_box() -> None:
    stage = Stage(ScriptedProvider("cloud"), local(ScriptedProvider("box", said("here"))), offline=True)
    assert await stage.run() == "here"
    assert stage.calls == [0, 1]
    assert stage.steps == ["cloud failed", "box chosen"]
    alone = Stage(ScriptedProvider("cloud"), offline=True)
    with pytest.raises(AllFailed, match="`offline` is true") as caught:
        await alone.run()
    assert alone.calls == [0]
    assert caught.value.attempts[0][1].kind is Kind.OFFLINE


async def test_leaving_early_ends_the_call_of_the_candidate() -> None:
    stage = two((TextDelta("Once"), TextDelta(" upon"), *said(" a time")))
    async with aclosing(stage.chain().generate(_build)) as items:
        async for item in items:
            if isinstance(item, TextDelta):
                break
    assert stage.providers[0].broken_off == 1


async def test_what_the_router_left_out_is_named_at_the_end() -> None:
    cloud = ScriptedProvider("cloud")
    left_out = (Candidate(cloud, cloud.models()[0]), ModelError(Kind.CONTEXT_OVERFLOW, "too long."))
    chain = Failover((), cooldowns=Cooldowns(), clock=FakeClock(), rejected=[(left_out[0].ref, left_out[1])])
    with pytest.raises(AllFailed, match="too long"):
        async for _ in chain.generate(_build):
            pass
