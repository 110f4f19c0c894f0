import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from zoneinfo import ZoneInfo

import pytest

from appliance.agent.loop import AgentLoop
from appliance.agent.report import RunReporter
from appliance.agent.turn import Ending, Turn, TurnLimits
from appliance.context.assembly import Assembly
from appliance.context.wire import user_entry
from appliance.events import Bus, ChatEvent, RunEvent
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
from appliance.messages import JsonObject, Role, ToolCall, ToolResult, Usage
from appliance.providers.failover import CandidateChosen, ChainItem
from tests.fakes.clock import FakeClock

INFO = ModelInfo("fake", "one", "One", context_window=8192)
CALL = ToolCall("c1", "clock_now", {"place": "Oslo"})


class ScriptedChain:
    """Answers each call with the next script; keeps the requests. An item that is an error is raised."""

    def __init__(self, *scripts: Sequence[StreamItem | ModelError]) -> None:
        self._scripts = list(scripts)
        self.requests: list[GenerateRequest] = []

    async def generate(self, build: Callable[[ModelInfo], GenerateRequest]) -> AsyncIterator[ChainItem]:
        self.requests.append(build(INFO))
        yield CandidateChosen(INFO)
        for item in self._scripts.pop(0):
            if isinstance(item, ModelError):
                raise item
            yield item


class Stage:
    """One loop with everything around it recorded."""

    def __init__(self, chain: ScriptedChain, *, steering: Sequence[JsonObject] = (), turn: Turn | None = None) -> None:
        self.chain = chain
        self.bus = Bus()
        self.events: list[RunEvent] = []
        self.chats: list[ChatEvent] = []
        self.bus.listen(RunEvent, self.events.append)
        self.bus.listen(ChatEvent, self.chats.append)
        self.stored: list[JsonObject] = []
        self.ran: list[ToolCall] = []
        self.steering = list(steering)
        clock = FakeClock()
        self.reporter = RunReporter(
            self.bus, clock, run_id="r1", session_key="agent:main:main", session_id="s1", agent_id="main"
        )
        assembly = Assembly(
            [user_entry("what time is it in Oslo", (), clock.now_ms())],
            zone=ZoneInfo("Europe/Oslo"),
            tools=lambda _: (),
            session_key="agent:main:main",
            load_blob=lambda _: None,
        )
        self.loop = AgentLoop(
            chain=chain,
            run_tool=self._run_tool,
            transcript=self,
            assembly=assembly,
            reporter=self.reporter,
            clock=clock,
            turn=turn,
        )

    async def _run_tool(self, call: ToolCall, info: ModelInfo | None) -> ToolResult:
        # What a tool may do must be on disk before it does it.
        assert self.stored[-1]["role"] == "assistant"
        self.ran.append(call)
        return ToolResult(call.id, call.name, "It is noon.")

    async def append(self, entries: Sequence[JsonObject]) -> None:
        self.stored += entries

    def steering_waits(self) -> bool:
        return bool(self.steering)

    async def take_steering(self) -> Sequence[JsonObject]:
        taken, self.steering = self.steering, []
        self.stored += taken
        return taken

    def told(self) -> str:
        return "".join(chat.fields["deltaText"] for chat in self.chats if chat.state == "delta")


def says(text: str, *, stop: StopReason = StopReason.END) -> list[StreamItem | ModelError]:
    return [TextDelta(text), Finished(stop, Usage(10, 5))]


def calls(*wanted: ToolCall) -> list[StreamItem | ModelError]:
    return [*(ToolCallReady(call) for call in wanted), Finished(StopReason.TOOL_CALLS, Usage(10, 2))]


async def test_a_plain_answer_is_one_model_call() -> None:
    stage = Stage(ScriptedChain(says("Hello.")))
    outcome = await stage.loop.run()
    assert (outcome.text, outcome.ending, outcome.provider, outcome.model) == (
        "Hello.",
        Ending.STOP,
        "fake",
        "one",
    )
    assert outcome.usage == Usage(10, 5)
    assert stage.stored == []
    assert stage.told() == "Hello."


async def test_a_tool_runs_after_its_call_is_stored_and_the_model_sees_the_result() -> None:
    stage = Stage(ScriptedChain(calls(CALL), says("Noon in Oslo.")))
    outcome = await stage.loop.run()
    assert outcome.text == "Noon in Oslo."
    assert outcome.usage == Usage(20, 7)
    assert [entry["role"] for entry in stage.stored] == ["assistant", "toolResult"]
    last = stage.chain.requests[1].messages
    assert [message.role for message in last] == [Role.USER, Role.ASSISTANT, Role.TOOL]


async def test_the_deltas_add_up_to_the_final_text_over_several_steps() -> None:
    first = [TextDelta("Let me "), TextDelta("look."), *calls(CALL)]
    stage = Stage(ScriptedChain(first, says("Noon.")))
    outcome = await stage.loop.run()
    assert outcome.text == stage.told() == "Let me look.\n\nNoon."


async def test_run_events_are_numbered_without_gaps() -> None:
    stage = Stage(ScriptedChain(calls(CALL), says("Noon.")))
    await stage.loop.run()
    assert [event.seq for event in stage.events] == list(range(1, len(stage.events) + 1))


async def test_what_the_person_adds_meanwhile_skips_the_remaining_tools() -> None:
    steering = [user_entry("no, in Rome", (), 0)]
    stage = Stage(ScriptedChain(calls(CALL), says("In Rome it is noon.")), steering=steering)
    await stage.loop.run()
    assert stage.ran == []
    assert [entry["role"] for entry in stage.stored] == ["assistant", "toolResult", "user"]
    assert stage.chain.requests[1].messages[-1].text.endswith("no, in Rome")


async def test_the_step_limit_ends_with_a_sentence() -> None:
    stage = Stage(ScriptedChain(calls(CALL)), turn=Turn(TurnLimits(max_steps=1)))
    outcome = await stage.loop.run()
    assert outcome.ending is Ending.STEP_LIMIT
    assert "smaller parts" in outcome.text


async def test_an_answer_that_breaks_off_leaves_its_part_for_the_transcript() -> None:
    broken = [TextDelta("Half an"), ModelError(FailureKind.NETWORK, "The line was cut.")]
    stage = Stage(ScriptedChain(broken))
    with pytest.raises(ModelError):
        await stage.loop.run()
    partial = stage.loop.partial("error", "The line was cut.")
    assert partial is not None
    assert partial["content"] == [{"type": "text", "text": "Half an"}]
    assert partial["errorMessage"] == "The line was cut."


async def test_cancelling_in_the_middle_of_a_tool_stops_the_turn() -> None:
    stage = Stage(ScriptedChain(calls(CALL)))
    started = asyncio.Event()

    async def endless(call: ToolCall, info: ModelInfo | None) -> ToolResult:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    stage.loop._run_tool = endless
    task = asyncio.ensure_future(stage.loop.run())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stage.loop.partial("aborted") is None


async def test_the_stamp_of_a_message_never_changes() -> None:
    stage = Stage(ScriptedChain(calls(CALL), says("Noon.")))
    await stage.loop.run()
    one, two = stage.chain.requests
    assert one.system == two.system
    assert one.messages == two.messages[: len(one.messages)]
