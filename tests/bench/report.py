"""The figures of one run: what was measured, what is wanted, what the floor and the peer need."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `floor` is the same thing done by tests/bench/floor.py in the same run."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    more_is_better: bool = False
    floor: float | None = None
    peer: float | None = None

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.more_is_better else self.value <= self.goal

    @property
    def ratio(self) -> float | None:
        """How many times worse than the floor; under 1 is better."""
        if not self.floor or not self.value:
            return None
        return self.floor / self.value if self.more_is_better else self.value / self.floor


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as text."""
    rows = [("", "value", "goal", "", "floor", "x floor", "peer")]
    for each in figures:
        sign = ">=" if each.more_is_better else "<="
        verdict = {None: "", True: "met", False: "MISSED"}[each.met]
        rows.append(
            (
                each.name,
                f"{_number(each.value)} {each.unit}",
                f"{sign} {_number(each.goal)}" if each.goal is not None else "",
                verdict,
                _number(each.floor),
                _number(each.ratio),
                _number(each.peer),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        first, *rest = zip(row, widths, strict=True)
        lines.append("  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]).rstrip())
    return "\n".join(lines)


def save(figures: Sequence[Figure], facts: dict[str, Any], name: str) -> Path:
    """Write everything as JSON beside earlier runs and return the file."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({**facts, "figures": [asdict(each) for each in figures]}, indent=1) + "\n")
    return path


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the sorted values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
