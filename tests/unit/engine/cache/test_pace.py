from __future__ import annotations

import math

from appliance.engine.cache.files.pace import Pace


def test_an_hours_bytes_may_be_written_at_once_and_then_come_back_evenly() -> None:
    pace = Pace(3600, now=10.0)
    assert pace.wait_s(3600, 10.0) == 0
    pace.spend(3600, 10.0)
    assert pace.wait_s(1, 10.0) == 1
    assert pace.wait_s(100, 10.0) == 100
    assert pace.wait_s(100, 110.0) == 0
    pace.spend(100, 110.0)
    assert pace.wait_s(1, 110.0) == 1


def test_what_is_larger_than_an_hours_bytes_waits_for_a_full_bucket_and_is_paid_for() -> None:
    pace = Pace(3600, now=0.0)
    assert pace.wait_s(7200, 0.0) == 0
    pace.spend(7200, 0.0)
    assert pace.wait_s(1, 0.0) == 3601


def test_a_bucket_never_holds_more_than_an_hour_and_a_clock_that_stands_gives_nothing() -> None:
    pace = Pace(3600, now=0.0)
    pace.spend(10, 0.0)
    assert pace.wait_s(3600, 1e9) == 0
    pace.spend(3600, 1e9)
    assert pace.wait_s(60, 1e9) == 60
    assert pace.wait_s(60, 5.0) == 60


def test_nothing_per_hour_means_never() -> None:
    assert math.isinf(Pace(0, now=0.0).wait_s(1, 1e9))
