"""How the votes of one language are joined, and how sure they must be. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.understanding.languages import TAGS
from appliance.understanding.ngram import WeightsError
from appliance.understanding.vocabulary import CLASSES, WRITING

_FLOOR = 1e-9  # a probability of zero would veto the other models


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the votes of one language are joined and how sure they must be, found on sentences kept for that.

    The joint score of a class is p_language_model^weight * p_ngram^(1 - weight), normalised; a third vote gets the
    share `third` of the exponents. `slope` and `offset` bend the log-odds of the best one, so that 0.9 is right nine
    times of ten; `classes` are further offsets of classes whose words are more (or less) often meant otherwise.
    """

    weight: float
    slope: float
    offset: float
    reading: float
    writing: float
    classes: Mapping[str, float] = field(default_factory=dict)
    third: float = 0.0

    def confidence(self, probability: float, guess: str = "") -> float:
        """Return how often a guess of this joint probability is right."""
        odds = math.log(max(probability, _FLOOR) / max(1.0 - probability, _FLOOR))
        bent = self.slope * odds + self.offset + self.classes.get(guess, 0.0)
        return round(1.0 / (1.0 + math.exp(-bent)), 6)

    def needed(self, tool: str) -> float:
        """Return the least confidence at which a tool is called."""
        return self.writing if tool in WRITING else self.reading


def calibrations(facts: object, source: str) -> dict[str, Calibration]:
    """Return the calibration of every language from JSON values. Raises WeightsError."""
    try:
        if not isinstance(facts, dict):
            raise TypeError("it holds no object")
        return {tag: Calibration(**facts[tag], classes=facts["classes"]) for tag in TAGS}
    except (TypeError, KeyError) as error:
        raise WeightsError(f"The calibration in {source} cannot be read ({error}); install the package again.") from (
            error
        )


def joined(
    read: Mapping[str, float],
    counted: Mapping[str, float],
    calibration: Calibration,
    embedded: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Return the joint probabilities of two or three votes: their weighted geometric mean, normalised."""
    third = calibration.third if embedded is not None else 0.0
    shares = (calibration.weight * (1 - third), (1 - calibration.weight) * (1 - third))
    logs = {one: shares[0] * _log(read[one]) + shares[1] * _log(counted[one]) for one in CLASSES}
    if embedded is not None:
        logs = {one: value + third * _log(embedded[one]) for one, value in logs.items()}
    top = max(logs.values())
    parts = {one: math.exp(value - top) for one, value in logs.items()}
    total = sum(parts.values())
    return {one: part / total for one, part in parts.items()}


def _log(probability: float) -> float:
    return math.log(max(probability, _FLOOR))
