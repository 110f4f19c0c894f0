"""Sound, lights and scenes of the home. Without a driver the wish is understood all the same, and the answer says
what is missing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from appliance.generation import Effect
from appliance.tools.arguments import Arguments
from appliance.tools.base import Tool, ToolContext, ToolOutput, ToolRefusedError, function_tool

GROUPS: Final = ("assistant", "home")

_Percent = Annotated[int, Meta(ge=0, le=100)]
_Change = Annotated[int, Meta(ge=-100, le=100, description="percent more or less")]
_Place = Annotated[str, Meta(max_length=100, description="room or device, if one was named")]


class VolumeSet(Arguments, frozen=True):
    level: _Percent | None = None
    change: _Change | None = None
    muted: bool | None = None
    place: _Place | None = None


class MediaControl(Arguments, frozen=True):
    action: Literal["play", "pause", "resume", "stop", "next", "previous"]
    query: Annotated[str, Meta(max_length=200, description="what to play")] | None = None
    place: _Place | None = None


class LightSet(Arguments, frozen=True):
    on: bool | None = None
    brightness: _Percent | None = None
    change: _Change | None = None
    color: Annotated[str, Meta(max_length=50)] | None = None
    place: _Place | None = None


class SceneSet(Arguments, frozen=True):
    scene: Annotated[str, Meta(min_length=1, max_length=100, description="name of the scene")]


Driver: TypeAlias = Callable[[msgspec.Struct, ToolContext], Awaitable[ToolOutput]]
"""What moves the hardware for one tool."""

_TOOLS: Final = frozenset({"volume_set", "media_control", "light_set", "scene_set"})


def home_tools(drivers: Mapping[str, Driver]) -> tuple[Tool, ...]:
    """Return the tools; `drivers` by tool name. Register those of `unequipped` for the embedded model only."""

    def work(name: str) -> Driver:
        async def missing(_: msgspec.Struct, context: ToolContext) -> ToolOutput:
            raise ToolRefusedError(context.speech.say(f"missing.{name}"), {"missing": "driver"})

        return drivers.get(name, missing)

    write = Effect.WRITE
    return (
        function_tool("volume_set", "Change how loud it is.", VolumeSet, work("volume_set"), effect=write),
        function_tool("media_control", "Play, pause or skip music.", MediaControl, work("media_control"), effect=write),
        function_tool("light_set", "Switch, dim or colour lights.", LightSet, work("light_set"), effect=write),
        function_tool("scene_set", "Set a scene of the home.", SceneSet, work("scene_set"), effect=write),
    )


def unequipped(drivers: Mapping[str, Driver]) -> frozenset[str]:
    """Return the tools that can only say what is missing: a larger model need not read them."""
    return _TOOLS - frozenset(drivers)
