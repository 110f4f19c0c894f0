"""Reading and writing rates."""

from __future__ import annotations

import pytest

from appliance.engine.scheduling.rates import Rates


def test_the_first_step_sets_a_rate_and_later_ones_move_it() -> None:
    rates = Rates()
    assert (rates.prefill, rates.decode) == (0.0, 0.0)
    rates.read(100, 1.0)
    rates.wrote(2, 4, 0.1)
    assert (rates.prefill, rates.decode) == (100.0, 20.0)
    rates.read(200, 1.0)
    assert rates.prefill == pytest.approx(110.0)


def test_steps_that_say_nothing_are_left_out() -> None:
    rates = Rates()
    rates.read(15, 1.0)
    rates.read(100, 0.0)
    rates.wrote(0, 0, 1.0)
    assert (rates.prefill, rates.decode) == (0.0, 0.0)
    rates.read(16, 1.0)
    assert rates.prefill == 16.0
