"""A third vote by sentence embeddings: what it changes, and that its absence changes nothing."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.engine import api
from appliance.generation import FailureKind, ModelError
from appliance.understanding.features import BUCKETS
from appliance.understanding.languages import TAGS
from appliance.understanding.ngram import NgramModel, WeightsError
from appliance.understanding.understander import Understander, Weights, weights_folder
from appliance.understanding.vocabulary import CLASSES
from appliance.understanding.voting.calibration import Calibration, joined
from appliance.understanding.voting.embedded import EmbeddedVoter, load_voter
from appliance.understanding.voting.head import NAME, Head, decode, encode
from tests.fakes.clock import FakeClock
from tests.unit.understanding.scripted_engine import ScriptedEngine

ZONE = ZoneInfo("Europe/Berlin")
NOW_MS = int(datetime(2026, 6, 10, 9, 30, tzinfo=ZONE).timestamp() * 1000)
_ROWS = len(CLASSES) + len(TAGS)
NEUTRAL = NgramModel(CLASSES, TAGS, 1.0, (0.0,) * _ROWS, bytes([128]) * (_ROWS * BUCKETS))
TWO = Calibration(weight=1.0, slope=1.0, offset=0.0, reading=0.6, writing=0.9)
THREE = replace(TWO, third=0.5)
WIDTH = 4


class ScriptedEmbedder:
    """Answers with one vector, an error, or never."""

    def __init__(self, vector: Sequence[float], error: ModelError | None = None, *, stuck: bool = False) -> None:
        self.vector, self.error, self.stuck = list(vector), error, stuck
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str]) -> api.Embeddings:
        self.texts += texts
        if self.error:
            raise self.error
        if self.stuck:
            await asyncio.Event().wait()
        return api.Embeddings([self.vector for _ in texts], 3)


def head_for(tool: str) -> Head:
    """Return a head that hears one tool in the first number of a vector, 9 log-odds above the others."""
    rows = [[9.0 if one == tool else 0.0, 0.0, 0.0, 0.0] for one in CLASSES]
    return decode(encode(rows, [0.0] * len(CLASSES)))


def voter(embedder: ScriptedEmbedder, tool: str = "timer_list") -> EmbeddedVoter:
    return EmbeddedVoter(embedder, head_for(tool), dict.fromkeys(TAGS, THREE), patience_s=0.01)


def understander(chances: dict[str, float]) -> Understander:
    return Understander(ScriptedEngine(chances), Weights(NEUTRAL, dict.fromkeys(TAGS, TWO)), FakeClock())


def test_a_head_keeps_its_weights_to_one_part_in_two_hundred() -> None:
    rows = [[math.sin(at * 7 + place) for place in range(WIDTH)] for at in range(len(CLASSES))]
    found = decode(json.loads(json.dumps(encode(rows, [0.25] * len(CLASSES)))))
    assert found.width == WIDTH
    for row, own in zip(rows, found.columns, strict=True):
        assert own == pytest.approx(row, abs=0.005)


def test_a_vector_has_the_probabilities_of_a_softmax() -> None:
    found = head_for("undo_last").probabilities([1.0, 0.0, 0.0, 0.0])
    assert found["undo_last"] == pytest.approx(math.exp(9) / (math.exp(9) + len(CLASSES) - 1))
    assert sum(found.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "damage",
    [{"rows": "AAAA"}, {"rows": "not base64!"}, {"bias": [0.0]}, {"classes": ["timer_set"]}, {"width": "wide"}],
)
def test_a_damaged_head_is_refused(damage: dict[str, object]) -> None:
    facts = {**encode([[1.0] * WIDTH] * len(CLASSES), [0.0] * len(CLASSES)), **damage}
    with pytest.raises(WeightsError):
        decode(facts)


def test_weights_without_a_file_or_a_calibration_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError):
        load_voter(ScriptedEmbedder([]), tmp_path)
    (tmp_path / NAME).write_text(json.dumps(encode([[1.0] * WIDTH] * len(CLASSES), [0.0] * len(CLASSES))))
    with pytest.raises(WeightsError, match=NAME):
        load_voter(ScriptedEmbedder([]), tmp_path)


def test_the_shipped_head_is_for_the_vectors_of_the_model_that_is_fetched() -> None:
    found = load_voter(ScriptedEmbedder([]), weights_folder())
    assert found.head.width == 384
    assert all(0 < one.third <= 0.5 for one in found.calibrations.values())


def test_a_third_vote_takes_its_share_and_no_vote_takes_none() -> None:
    flat = dict.fromkeys(CLASSES, 1 / len(CLASSES))
    sure: Mapping[str, float] = {**flat, "timer_list": 0.9}
    assert joined(sure, flat, THREE) == pytest.approx(joined(sure, flat, TWO))
    assert joined(sure, flat, THREE, flat)["timer_list"] < joined(sure, flat, TWO)["timer_list"]
    assert joined(flat, flat, THREE, sure)["timer_list"] > 1 / len(CLASSES)


async def test_an_unsure_wish_becomes_a_call_by_the_third_vote() -> None:
    asked, embedder = understander({"timer_list": 0.5, "escalate": 0.45}), ScriptedEmbedder([1.0, 0.0, 0.0, 0.0])
    assert (await asked.understand("what is it About", NOW_MS, ZONE)).tool == "escalate"
    asked.vote_with(voter(embedder))
    assert (await asked.understand("what is it About", NOW_MS, ZONE)).tool == "timer_list"
    assert embedder.texts == ["what is it about"]
    asked.vote_with(None)
    assert (await asked.understand("what is it about", NOW_MS, ZONE)).tool == "escalate"


@pytest.mark.parametrize(
    "embedder",
    [
        ScriptedEmbedder([], ModelError(FailureKind.UNAVAILABLE, "gone")),
        ScriptedEmbedder([1.0, 0.0]),
        ScriptedEmbedder([1.0, 0.0, 0.0, 0.0], stuck=True),
    ],
    ids=["it is down", "it is another model", "it does not answer"],
)
async def test_without_its_vote_the_two_others_count_as_if_there_were_none(embedder: ScriptedEmbedder) -> None:
    asked = understander({"timer_list": 0.7, "escalate": 0.2})
    alone = await asked.understand("what is it about", NOW_MS, ZONE)
    asked.vote_with(voter(embedder, "escalate"))
    found = await asked.understand("what is it about", NOW_MS, ZONE)
    assert (found.tool, found.confidence) == (alone.tool, alone.confidence) == ("timer_list", alone.confidence)
