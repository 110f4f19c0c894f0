"""Two sides in turns: whatever else the machine does meets both, and the ratio of neighbours is what counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median

from tests.bench.report import Figure


@dataclass(frozen=True, slots=True)
class Pairs:
    """What was measured in turns: (ours, the peer's)."""

    values: list[tuple[float, float]]

    @property
    def ratio(self) -> float:
        """The median of ours relative to the peer's."""
        return median(ours / theirs for ours, theirs in self.values)

    @property
    def ours(self) -> float:
        return median(ours for ours, _ in self.values)

    @property
    def peers(self) -> float:
        return median(theirs for _, theirs in self.values)

    def figures(self, name: str, unit: str, peer: str, goal: float, *, more_is_better: bool) -> list[Figure]:
        """Return the ratio with its goal, and the value beside the peer's."""
        return [
            Figure(f"{name}, of {peer}'s", self.ratio, "x", goal, more_is_better),
            Figure(name, self.ours, unit, more_is_better=more_is_better, peer=self.peers),
        ]


async def in_turns(ours: Callable[[], Awaitable[float]], peer: Callable[[], Awaitable[float]], times: int) -> Pairs:
    """Measure A B, B A, A B …: who comes first changes, so that a drift favours nobody."""
    values = []
    for number in range(times):
        if number % 2:
            theirs = await peer()
            values.append((await ours(), theirs))
        else:
            mine = await ours()
            values.append((mine, await peer()))
    return Pairs(values)
