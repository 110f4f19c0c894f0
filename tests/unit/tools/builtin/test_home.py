from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.messages import ToolCall, ToolResult
from appliance.tools.base import ToolContext, ToolOutput
from appliance.tools.builtin.home import Driver, LightSet, home_tools, unequipped
from appliance.tools.executor import Executor
from appliance.tools.policy import ToolPolicy
from appliance.tools.registry import Registry


async def call(name: str, drivers: dict[str, Driver], **arguments: Any) -> ToolResult:
    registry = Registry()
    for tool in home_tools(drivers):
        registry.register(tool)
    context = ToolContext("agent:main:main", "main", "run", "call", 0, ZoneInfo("UTC"))
    return await Executor(registry).execute(ToolCall("call", name, arguments), context, ToolPolicy())


@pytest.mark.parametrize(
    ("name", "arguments", "missing"),
    [
        ("volume_set", {"level": 30}, "plays sound"),
        ("media_control", {"action": "pause"}, "plays music"),
        ("light_set", {"on": True, "place": "kitchen"}, "lights"),
        ("scene_set", {"scene": "movie night"}, "scenes"),
    ],
)
async def test_without_a_driver_the_answer_says_what_is_missing(
    name: str, arguments: dict[str, Any], missing: str
) -> None:
    result = await call(name, {}, **arguments)
    assert result.is_error
    assert missing in result.text
    assert name in unequipped({})


async def test_a_driver_gets_the_typed_wish_and_gives_the_answer() -> None:
    seen: list[object] = []

    async def lamp(arguments: object, _: ToolContext) -> ToolOutput:
        seen.append(arguments)
        return ToolOutput("The kitchen is dimmed.")

    result = await call("light_set", {"light_set": lamp}, brightness=20, place="kitchen")
    assert (result.text, result.is_error) == ("The kitchen is dimmed.", False)
    assert seen == [LightSet(brightness=20, place="kitchen")]
    assert "light_set" not in unequipped({"light_set": lamp})


@pytest.mark.parametrize(("level", "refused"), [(-1, True), (0, False), (100, False), (101, True)])
async def test_a_level_is_a_percentage(level: int, refused: bool) -> None:
    result = await call("volume_set", {}, level=level)
    assert ("was not called" in result.text) is refused
