"""The third voter: asks the process that makes vectors, and says nothing while it cannot be asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from appliance.engine import api
from appliance.generation import ModelError
from appliance.understanding.ngram import WeightsError
from appliance.understanding.voting.calibration import Calibration, calibrations
from appliance.understanding.voting.head import NAME, Head, decode, read

_PATIENCE_S = 0.25  # a turn costs a few milliseconds: a vector that takes longer comes too late to vote
_log = logging.getLogger(__name__)


class Embedder(Protocol):
    """The process that makes vectors; `appliance.engine.client.EngineClient` is one."""

    async def embed(self, texts: Sequence[str]) -> api.Embeddings:
        """Return a vector of length 1 for each text. Raises ModelError."""
        ...


@dataclass(frozen=True, slots=True)
class EmbeddedVoter:
    """What a sentence's vector says of its tool, and how three votes are joined (two where it says nothing)."""

    embedder: Embedder
    head: Head
    calibrations: Mapping[str, Calibration]
    patience_s: float = _PATIENCE_S

    async def probabilities(self, text: str) -> Mapping[str, float] | None:
        """Return the probability of every class for a lower-case sentence; None when nobody answers in time."""
        try:
            async with asyncio.timeout(self.patience_s):
                found = await self.embedder.embed([text])
            return self.head.probabilities(found.vectors[0])
        except (ModelError, TimeoutError, WeightsError) as error:
            _log.debug("the embeddings do not vote: %s", error)
            return None


def load_voter(embedder: Embedder, folder: Path) -> EmbeddedVoter:
    """Return the voter of a folder of weights. Raises WeightsError."""
    facts = read(folder / NAME)
    return EmbeddedVoter(embedder, decode(facts), calibrations(facts.get("calibration"), NAME))
