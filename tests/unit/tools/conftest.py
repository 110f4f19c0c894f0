from zoneinfo import ZoneInfo

import pytest

from appliance.tools.base import ToolContext


@pytest.fixture
def context() -> ToolContext:
    """Saturday, 21 November 2026, 15:25 in Berlin."""
    return ToolContext("agent:main:main", "main", "run-1", "call-1", 1_795_271_100_000, ZoneInfo("Europe/Berlin"))
