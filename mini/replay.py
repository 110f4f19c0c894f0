"""Writes the replay set: the sentences on which a box judges what it learned (appliance.understanding.learning).

Checks are the sentences of mini/calibration, with the language model's scores; anchors are drawn from the generator.
`python -m mini.replay [--weights FOLDER]`, after each training, before the weights are committed.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import tempfile
from pathlib import Path

from appliance.foundation.clock import SystemClock
from appliance.understanding.languages import TAGS
from appliance.understanding.learning import replay
from appliance.understanding.learning.replay import Sentence
from appliance.understanding.ngram import load
from appliance.understanding.text import clean, lowered
from appliance.understanding.understander import Understander, Weights, weights_folder
from mini.generator.corpus import Corpus
from mini.generator.tongues import tongues
from mini.sentences import CALIBRATION, engine, rows

_ANCHORS = 2400
_MAX_BYTES = 200_000
_SEED = 77


async def checks(weights: Path) -> list[Sentence]:
    """Return the sentences of all languages with what the language model says of them."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        async with engine(weights / "homarus-mini.gguf", Path(folder)) as (client, _):
            asking = Understander(client, Weights(load(weights / "ngram.bin"), {}), SystemClock())
            for tag in TAGS:
                for row in rows(CALIBRATION / f"{tag}.jsonl"):
                    text = " ".join(lowered(clean(row.text).split()))
                    scores = await asking.language_scores(text)
                    read = {name: math.log(max(chance, 1e-9)) for name, chance in scores.items()}
                    found.append(Sentence(text, tag, row.tool, read))
    return found


def anchors(taken: set[str]) -> list[Sentence]:
    """Return generated sentences, none of them among those that judge."""
    drawn = Corpus(tongues(list(TAGS)), _SEED).examples(_ANCHORS)
    return [Sentence(one.text, one.lang, one.tool, {}) for one in drawn if one.text not in taken]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=weights_folder(), help="folder with the weights")
    weights = parser.parse_args().weights
    judging = asyncio.run(checks(weights))
    holding = anchors({one.text for one in judging})
    packed = replay.pack([*holding, *judging], replay.sha256(weights / "homarus-mini.gguf"))
    if len(packed) > _MAX_BYTES:
        raise SystemExit(f"{len(packed)} bytes are too many; at most {_MAX_BYTES}")
    (weights / replay.NAME).write_bytes(packed)
    print(f"replay: {len(holding)} anchors, {len(judging)} checks, {len(packed)} bytes")


if __name__ == "__main__":
    main()
