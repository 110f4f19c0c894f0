"""Counters of this process, kept as plain numbers; prometheus-client writes them out when somebody asks.

The client library is imported at the first scrape: a box that nobody watches does not pay its memory. Label values
are bounded, so that nothing that comes from outside can fill the memory.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from prometheus_client.core import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MAX_SERIES = 64  # of one family; what comes after is counted as `other`
_OTHER = "other"
_MAX_LABEL_CHARS = 64


@dataclass(frozen=True, slots=True)
class Family:
    """One metric. `name` without the unit suffix `_total`; `buckets` are the upper bounds of a histogram, rising."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


@dataclass(slots=True)
class _Histogram:
    counts: list[int]
    sum: float = 0.0


@dataclass(frozen=True, slots=True)
class Sample:
    """A value that is read at the moment of a scrape."""

    family: Family
    value: float
    labels: tuple[str, ...] = ()


@dataclass(slots=True)
class Metrics:
    """The numbers of this process. `families` are all that may be counted."""

    families: Sequence[Family]
    _numbers: dict[str, dict[tuple[str, ...], float]] = field(default_factory=dict)
    _histograms: dict[str, dict[tuple[str, ...], _Histogram]] = field(default_factory=dict)

    def count(self, family: Family, *labels: str, by: float = 1.0) -> None:
        """Add to a counter. Negative and endless amounts are dropped."""
        if not 0 <= by < float("inf"):
            return
        series = self._numbers.setdefault(family.name, {})
        key = _key(family, labels, series)
        series[key] = series.get(key, 0.0) + by

    def observe(self, family: Family, value: float, *labels: str) -> None:
        """Add a value to a histogram."""
        if not 0 <= value < float("inf"):
            return
        series = self._histograms.setdefault(family.name, {})
        key = _key(family, labels, series)
        histogram = series.setdefault(key, _Histogram([0] * (len(family.buckets) + 1)))
        histogram.counts[bisect.bisect_left(family.buckets, value)] += 1
        histogram.sum += value

    def value(self, family: Family, *labels: str) -> float:
        """Return a counter, or how many values a histogram saw."""
        if family.kind == "histogram":
            histogram = self._histograms.get(family.name, {}).get(labels)
            return float(sum(histogram.counts)) if histogram else 0.0
        return self._numbers.get(family.name, {}).get(labels, 0.0)

    @staticmethod
    def load() -> None:
        """Import the client library, which `exposition` needs. Blocks."""
        import prometheus_client  # noqa: F401 - for its import alone

    def exposition(self, samples: Iterable[Sample] = ()) -> bytes:
        """Return everything in the text format of Prometheus, with `samples` of this moment beside it."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collector(lambda: self._families(samples)))
        return bytes(generate_latest(registry))

    def _families(self, samples: Iterable[Sample]) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        for family in self.families:
            if family.kind == "histogram":
                written = HistogramMetricFamily(family.name, family.help, labels=family.labels)
                for key, histogram in self._histograms.get(family.name, {}).items():
                    written.add_metric(key, _cumulative(family.buckets, histogram.counts), histogram.sum)
                yield written
            else:
                yield _numbers(CounterMetricFamily, family, self._numbers.get(family.name, {}).items())
        grouped: dict[Family, list[tuple[tuple[str, ...], float]]] = {}
        for sample in samples:
            grouped.setdefault(sample.family, []).append((sample.labels, sample.value))
        for family, values in grouped.items():
            kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
            yield _numbers(kind, family, values)


class _Collector:
    """What a registry of prometheus-client asks."""

    def __init__(self, collect: Callable[[], Iterator[Metric]]) -> None:
        self.collect = collect


def _numbers(kind: Any, family: Family, values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    written: Metric = kind(family.name, family.help, labels=family.labels)
    for labels, value in values:
        written.add_metric(labels, value)  # type: ignore[attr-defined]  # each of the three kinds has it
    return written


def _cumulative(bounds: Sequence[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    rows, total = [], 0
    for bound, count in zip((*map(str, bounds), "+Inf"), counts, strict=True):
        total += count
        rows.append((bound, float(total)))
    return rows


def _key(family: Family, labels: Sequence[str], series: Mapping[tuple[str, ...], object]) -> tuple[str, ...]:
    key = tuple(label[:_MAX_LABEL_CHARS] for label in labels)
    if len(key) != len(family.labels):
        raise ValueError(f"{family.name} has the labels {family.labels}, not {len(key)} of them")
    return key if key in series or len(series) < MAX_SERIES else (_OTHER,) * len(key)
