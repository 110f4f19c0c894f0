from __future__ import annotations

from appliance.context.assembly import Assembly
from appliance.context.wire import user_entry
from appliance.daemon.answers.prewarm import Prewarm, beginnings
from appliance.engine.api import generate_frame
from appliance.engine.chat.prompt import PromptMaker
from appliance.engine.chat.template import SpecialTexts
from appliance.generation import EngineFacts, FailureKind, GenerateRequest, ModelError, ModelInfo, ToolSpec
from appliance.providers.local import LocalProvider
from appliance.tools.selection import kits
from tests.unit.context.test_context import NOW_MS, ZoneInfo
from tests.unit.engine.templates import HERMES, now

INFO = ModelInfo("local", "tiny", "Tiny", context_window=4096, local=True)
SPECS = [ToolSpec(f"tool_{letter}", "does", {"type": "object"}) for letter in "abcdefg"]


class Warm(LocalProvider):
    """Remembers what it was asked to read."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__(None, models=[INFO])  # type: ignore[arg-type]  # nothing is sent
        self.read: list[GenerateRequest] = []
        self._fails = fails

    async def warm(self, request: GenerateRequest) -> EngineFacts | None:
        if self._fails:
            raise ModelError(FailureKind.UNAVAILABLE, "gone")
        self.read.append(request)
        return None


async def test_every_kit_is_read_once_for_each_engine_that_comes_up() -> None:
    prewarm = Prewarm(lambda _: kits(SPECS, 3), lambda: "")
    one, two = Warm(), Warm()
    assert await prewarm.run(one) == 3
    assert await prewarm.run(one) == 0, "it was told of another change of the models"
    assert await prewarm.run(two) == 3
    assert [tool.name for tool in one.read[-1].tools] == ["tool_a", "tool_b", "tool_c"], "the likeliest comes last"
    assert all(request.background for request in one.read)


async def test_another_name_of_the_owner_is_read_ahead_again() -> None:
    names = ["Ann", "Ann", "Bea"]
    prewarm, engine = Prewarm(lambda _: kits(SPECS, 3), lambda: names.pop(0)), Warm()
    assert [await prewarm.run(engine) for _ in range(3)] == [3, 0, 3]
    assert ["Bea" in (request.system or "") for request in engine.read] == [False] * 3 + [True] * 3


async def test_an_engine_that_goes_away_or_is_none_is_no_fault() -> None:
    prewarm = Prewarm(lambda _: kits(SPECS, 3), lambda: "")
    assert await prewarm.run(Warm(fails=True)) == 0
    assert await prewarm.run(None) == 0


def test_a_prompt_of_a_turn_begins_with_what_was_read_ahead() -> None:
    def rendered(request: GenerateRequest) -> str:
        return "".join(
            PromptMaker(HERMES, SpecialTexts.of({"<|im_end|>"}), now).prompt(generate_frame(request).input).pieces
        )

    [kit] = kits(SPECS[:3], 3)
    [ahead] = beginnings(INFO, [kit], "Ann")
    assembly = Assembly(
        [user_entry("hello", (), NOW_MS)],
        zone=ZoneInfo("UTC"),
        tools=lambda _: kit.tools,
        session_key="k",
        load_blob=lambda _: None,
        kits=lambda specs, text, current: kit,
        owner="Ann",
    )
    whole = rendered(assembly.request(INFO))
    static = whole[: whole.index("[Wed")]
    assert rendered(ahead).startswith(static + "[")
