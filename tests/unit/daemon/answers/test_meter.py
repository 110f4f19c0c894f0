from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from appliance.daemon.answers.meter import (
    ANSWERS,
    COST,
    FAILED,
    FAILURES,
    FIRST_TOKEN,
    GROUNDINGS,
    SPECULATED,
    TOKENS,
    Meter,
    engine_samples,
)
from appliance.engine import api
from appliance.events import Bus, RunEvent


def _meter() -> tuple[Bus, Meter]:
    bus = Bus()
    return bus, Meter(bus)


def _tell(bus: Bus, stream: str = "lifecycle", **data: Any) -> None:
    bus.publish(RunEvent("r", "k", "s", "main", 1, stream, data, 77))


FACTS = {
    "tier": "local",
    "model": "local/tiny",
    "firstTokenMs": 400,
    "tokens": {"cached": 900, "computed": 30, "output": 12},
    "costUsd": 0.25,
    "drafted": 8,
    "accepted": 5,
}


def test_an_answer_is_counted_by_its_tier_and_remembered() -> None:
    bus, meter = _meter()
    _tell(bus, phase="end", answer=FACTS)
    value = meter.metrics.value
    assert value(ANSWERS, "local") == 1
    assert value(FIRST_TOKEN, "local") == 1
    assert [value(TOKENS, "local", kind) for kind in ("cached", "computed", "output")] == [900, 30, 12]
    assert value(COST, "local") == 0.25
    assert [value(SPECULATED, outcome) for outcome in ("drafted", "accepted")] == [8, 5]
    assert (meter.last["local"].facts, meter.last["local"].ts_ms) == (FACTS, 77)
    assert meter.counts() == {"mini": 0, "local": 1, "remote": 0, "cloud": 0}


def test_hand_overs_groundings_and_failures_are_counted_with_few_labels() -> None:
    bus, meter = _meter()
    _tell(bus, phase="fallback_step", reason="escalate")
    _tell(bus, phase="fallback_step", reason="a reason of an attacker")
    _tell(bus, phase="grounding", reason="flat")
    _tell(bus, phase="error", error="x")
    _tell(bus, phase="end")
    _tell(bus, stream="tool", phase="end", answer=FACTS)
    value = meter.metrics.value
    assert (value(FAILURES, "escalate"), value(FAILURES, "other")) == (1, 1)
    assert (value(GROUNDINGS, "flat"), value(FAILED), value(ANSWERS, "local")) == (1, 1, 0)


def test_the_engine_is_read_at_the_moment_of_a_scrape() -> None:
    _, meter = _meter()
    info = api.Info(
        **dict.fromkeys(("name", "model", "description", "architecture", "template", "tool_format", "build"), ""),
        **dict.fromkeys(("parameters", "size_bytes", "trained_context", "vocabulary", "threads", "pid"), 1),
        context=2048,
        embeddings=False,
        generates=True,
        active=1,
        waiting=2,
        resident_sequences=3,
        memory="tight",
        decode_rate=9.5,
        cache=api.CacheInfo(ram_bytes=10, hits_disk=4, rejected=1),
    )
    text = meter.metrics.exposition(engine_samples(info)).decode()
    found = {
        (one.name, tuple(one.labels.values())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }
    assert found["homarus_engine_window_tokens", ()] == 2048
    assert found["homarus_engine_tokens_per_second", ("decode",)] == 9.5
    assert found["homarus_engine_cache_hits_total", ("disk",)] == 4
    assert found["homarus_engine_memory_level", ("tight",)] == 1
    assert found["homarus_engine_memory_level", ("ample",)] == 0
    assert [one.value for one in engine_samples(None)] == [0.0]
