"""The tool `calculate`.

What they work with is imported at the first use: fractions, decimals and the tables cost half a megabyte that a box
which never calculates need not hold.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from appliance.tools.arguments import Arguments
from appliance.tools.base import Tool, ToolContext, ToolOutput, ToolRefusedError, function_tool, pure


class Calculate(Arguments, frozen=True):
    expression: Annotated[str, Meta(min_length=1, max_length=500, description="the sum, such as 12*7 or 15% of 80")]


def calculate(arguments: Calculate, context: ToolContext) -> ToolOutput:
    """Work out a sum and show it with its result."""
    from appliance.tools.builtin.sums.calculator import evaluate
    from appliance.tools.builtin.sums.numbers import show
    from appliance.tools.builtin.sums.sum_tokens import SumError

    try:
        value = evaluate(arguments.expression)
    except SumError as error:
        raise ToolRefusedError(str(error)) from error
    text, exact = show(value)
    asked = " ".join(arguments.expression.split()).rstrip("?=. ")
    said = f"{asked} {'=' if exact else '≈'} {context.speech.number(text)}"
    return ToolOutput(said, {"result": text.replace(",", ""), "exact": exact})


def calculate_tool() -> Tool:
    """Return the tool."""
    return function_tool("calculate", "Work out a sum.", Calculate, pure(calculate))
