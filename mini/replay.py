"""Writes the replay set: the sentences on which a box judges what it learned (appliance.understanding.learning).

Checks are the sentences of mini/calibration and generated hand-overs, with the language model's scores; anchors are
other generated sentences.
`python -m mini.replay [--weights FOLDER]`, after each training, before the weights are committed.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from appliance.foundation.clock import SystemClock
from appliance.understanding.languages import TAGS
from appliance.understanding.learning import replay
from appliance.understanding.learning.replay import Sentence
from appliance.understanding.ngram import load
from appliance.understanding.text import clean, lowered
from appliance.understanding.understander import Understander, Weights, weights_folder
from mini.generator.corpus import ESCALATE, WEIGHTS, Corpus
from mini.generator.tongues import tongues
from mini.sentences import CALIBRATION, engine, rows

_ANCHORS = 2400
_MAX_BYTES = 200_000
_HANDED_OVER = 900  # generated hand-overs among the checks
_SEED = 77


async def read(weights: Path, plain: list[Sentence]) -> list[Sentence]:
    """Return the sentences with what the language model says of them."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        async with engine(weights / "homarus-mini.gguf", Path(folder)) as (client, _):
            asking = Understander(client, Weights(load(weights / "ngram.bin"), {}), SystemClock())
            for one in plain:
                scores = await asking.language_scores(one.text)
                found.append(replace(one, read={name: math.log(max(p, 1e-9)) for name, p in scores.items()}))
    return found


def calibration() -> list[Sentence]:
    """Return the sentences that other people wrote, in the form in which the models read them."""
    found = []
    for tag in TAGS:
        for row in rows(CALIBRATION / f"{tag}.jsonl"):
            found.append(Sentence(" ".join(lowered(clean(row.text).split())), tag, row.tool, {}))
    return found


def drawn(count: int, seed: int, taken: set[str], weights: Mapping[str, float] = WEIGHTS) -> list[Sentence]:
    """Return generated sentences that are not among those taken; they are taken then."""
    found = [
        Sentence(one.text, one.lang, one.tool, {})
        for one in Corpus(tongues(list(TAGS)), seed).examples(count, weights)
        if one.text not in taken
    ]
    taken |= {one.text for one in found}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=weights_folder(), help="folder with the weights")
    weights = parser.parse_args().weights
    judging = calibration()
    taken = {one.text for one in judging}
    judging += drawn(_HANDED_OVER, _SEED, taken, {ESCALATE: 1.0})
    holding = drawn(_ANCHORS, _SEED + 1, taken)
    judging = asyncio.run(read(weights, judging))
    packed = replay.pack([*holding, *judging], replay.sha256(weights / "homarus-mini.gguf"))
    if len(packed) > _MAX_BYTES:
        raise SystemExit(f"{len(packed)} bytes are too many; at most {_MAX_BYTES}")
    (weights / replay.NAME).write_bytes(packed)
    print(f"replay: {len(holding)} anchors, {len(judging)} checks, {len(packed)} bytes")


if __name__ == "__main__":
    main()
