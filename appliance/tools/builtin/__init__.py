"""Tools that need nothing but the box itself: sums, units, clock, dates, the state of the box.

They must not keep anything and must not reach out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from appliance.health import Condition
from appliance.tools.base import Tool
from appliance.tools.builtin.box import box_tool
from appliance.tools.builtin.calculate import calculate_tool
from appliance.tools.builtin.clock_tools import clock_tools
from appliance.tools.builtin.convert import convert_tool

GROUPS: Final = ("assistant", "builtin")


def builtin_tools(state: Path, conditions: Callable[[], Sequence[Condition]]) -> tuple[Tool, ...]:
    """Return the tools, to be registered in the groups GROUPS; `state` and `conditions` are for `box_health`."""
    return (*clock_tools(), calculate_tool(), convert_tool(), box_tool(state, conditions))
