from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from appliance.telemetry.metrics import MAX_SERIES, Family, Metrics, Sample

COUNT = Family("box_answers", "counter", "Answers", ("tier",))
PLAIN = Family("box_faults", "counter", "Faults")
WAIT = Family("box_wait_seconds", "histogram", "Waits", ("tier",), (0.1, 1.0))
GAUGE = Family("box_cells", "gauge", "Cells")


def _read(metrics: Metrics, *samples: Sample) -> dict[tuple[str, tuple[str, ...]], float]:
    text = metrics.exposition(samples).decode()
    return {
        (one.name, tuple(sorted(one.labels.values(), reverse=True))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_counters_and_histograms_are_written_as_prometheus_reads_them() -> None:
    metrics = Metrics((COUNT, PLAIN, WAIT))
    metrics.count(COUNT, "local")
    metrics.count(COUNT, "local", by=2)
    for value in (0.05, 0.1, 0.5, 7.0):
        metrics.observe(WAIT, value, "local")
    found = _read(metrics, Sample(GAUGE, 12.0))
    assert found["box_answers_total", ("local",)] == 3
    assert found["box_cells", ()] == 12
    assert [found["box_wait_seconds_bucket", ("local", bound)] for bound in ("0.1", "1.0", "+Inf")] == [2, 3, 4]
    assert found["box_wait_seconds_sum", ("local",)] == pytest.approx(7.65)
    assert metrics.value(COUNT, "local") == 3
    assert metrics.value(WAIT, "local") == 4


def test_what_comes_from_outside_cannot_make_series_without_end() -> None:
    metrics = Metrics((COUNT,))
    for number in range(MAX_SERIES + 5):
        metrics.count(COUNT, f"tier {number}")
    found = _read(metrics)
    assert len(found) == MAX_SERIES + 1
    assert found["box_answers_total", ("other",)] == 5


def test_a_long_label_is_cut_and_a_wrong_number_of_them_is_a_fault() -> None:
    metrics = Metrics((COUNT,))
    metrics.count(COUNT, "x" * 1000)
    assert _read(metrics) == {("box_answers_total", ("x" * 64,)): 1}
    with pytest.raises(ValueError, match="labels"):
        metrics.count(COUNT)


@pytest.mark.parametrize("amount", [-1.0, float("nan"), float("inf")])
def test_amounts_that_are_none_change_nothing(amount: float) -> None:
    metrics = Metrics((PLAIN, WAIT))
    metrics.count(PLAIN, by=amount)
    metrics.observe(WAIT, amount, "local")
    assert not any(_read(metrics).values())
