"""The tool `unit_convert`; the tables are imported at the first use."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from appliance.tools.arguments import Arguments
from appliance.tools.base import Tool, ToolContext, ToolOutput, function_tool, pure


class UnitConvert(Arguments, frozen=True):
    value: Annotated[float, Meta(description="how many")]
    from_unit: Annotated[str, Meta(min_length=1, max_length=50, description="unit as said, such as miles")]
    to_unit: Annotated[str, Meta(min_length=1, max_length=50, description="unit to convert to")]


def unit_convert(arguments: UnitConvert, context: ToolContext) -> ToolOutput:
    """Convert a number from one unit to another."""
    from appliance.tools.builtin.conversion import convert

    return convert(arguments.value, arguments.from_unit, arguments.to_unit, context.speech)


def convert_tool() -> Tool:
    """Return the tool."""
    return function_tool("unit_convert", "Convert between units of measurement.", UnitConvert, pure(unit_convert))
