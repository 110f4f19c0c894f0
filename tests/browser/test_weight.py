"""What a phone loads before one can talk, as it really travels, and how much moves meanwhile. Nothing about time."""

from __future__ import annotations

from pathlib import Path

from tests.bench.web import MOST_SCRIPT, MOST_SHIFT, visits


async def test_the_first_visit_is_light_and_the_next_one_loads_nothing_again(tmp_path: Path) -> None:
    found = await visits(tmp_path, 1)
    (cold,), (warm,) = found["cold"], found["warm"]
    assert 0 < cold.script <= MOST_SCRIPT
    assert cold.all <= 1.3 * MOST_SCRIPT
    assert warm.script == warm.style == 0
    assert max(cold.shift, warm.shift) < MOST_SHIFT
