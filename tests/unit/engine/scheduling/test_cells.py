"""Cells are counted as the cache really uses them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.scheduling.cells import CountedCells

_SEQUENCES = 4


class RealCells:
    """A unified cache: each cell knows its position and who owns it."""

    def __init__(self) -> None:
        self.cells: list[tuple[int, set[int]]] = []

    def write(self, sequence: int, count: int) -> None:
        start = self.length(sequence)
        self.cells += [(start + index, {sequence}) for index in range(count)]

    def length(self, sequence: int) -> int:
        return sum(sequence in owners for _, owners in self.cells)

    def cut(self, sequence: int, start: int) -> bool:
        self._leave(sequence, start)
        return True

    def drop(self, sequence: int) -> None:
        self._leave(sequence, 0)

    def share(self, source: int, target: int, end: int) -> None:
        for position, owners in self.cells:
            if source in owners and position < end:
                owners.add(target)

    def clear(self) -> None:
        self.cells.clear()

    def _leave(self, sequence: int, start: int) -> None:
        for position, owners in self.cells:
            if position >= start:
                owners.discard(sequence)
        self.cells = [cell for cell in self.cells if cell[1]]

    def held(self, sequences: set[int]) -> int:
        return sum(bool(owners & sequences) for _, owners in self.cells)


_actions = st.lists(
    st.tuples(
        st.sampled_from(["grow", "cut", "drop", "share", "clear"]),
        st.integers(0, _SEQUENCES - 1),
        st.integers(0, _SEQUENCES - 1),
        st.integers(0, 12),
    ),
    max_size=60,
)


@given(_actions)
def test_the_count_is_what_a_cell_by_cell_model_says(actions: list[tuple[str, int, int, int]]) -> None:
    real = RealCells()
    counted = CountedCells(real)
    for action, one, other, number in actions:
        if action == "grow":
            real.write(one, number)
            counted.grow(one, number)
        elif action == "cut":
            counted.cut(one, number)
        elif action == "drop":
            counted.drop(one)
        elif action == "clear" and number == 0:
            counted.clear()
        elif action == "share" and one != other:
            counted.drop(other)
            counted.share(one, other, number)
        assert counted.used == len(real.cells)
        for some in ({0}, {0, 1}, {1, 2, 3}):
            assert counted.held(some) == real.held(some)


def test_a_cache_that_refuses_a_cut_keeps_its_count() -> None:
    class Stubborn(RealCells):
        def cut(self, sequence: int, start: int) -> bool:
            return False

    counted = CountedCells(Stubborn())
    counted.grow(0, 5)
    assert not counted.cut(0, 2)
    assert counted.used == 5


def test_whoever_keeps_states_hears_before_a_sequence_is_emptied() -> None:
    told: list[tuple[int, int]] = []
    counted = CountedCells(RealCells(), lambda sequence: told.append((sequence, counted.used)))
    counted.grow(2, 7)
    counted.drop(2)
    assert told == [(2, 7)]


def test_a_sequence_is_alone_with_the_cells_that_nobody_shares() -> None:
    counted = CountedCells(RealCells())
    counted.grow(0, 5)
    assert counted.alone(0) == 5
    counted.share(0, 1, 3)
    counted.grow(1, 4)
    assert (counted.alone(0), counted.alone(1), counted.alone(2)) == (2, 4, 0)
    counted.drop(1)
    assert counted.alone(0) == 5
