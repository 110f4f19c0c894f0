"""Fits the head of the sentence embeddings to the sentences written by hand.

Runs in .venv-engine: llama.cpp makes the vectors just as the product will, numpy fits.
    .venv-engine/bin/python -m mini.head --model FILE.gguf --out appliance/understanding/weights/embedded.json
The calibration of three votes comes from `mini.calibrate --embeddings`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from appliance.engine.native.embedding import Embedder
from appliance.engine.native.model import Model
from appliance.understanding.vocabulary import CLASSES
from appliance.understanding.voting.head import encode
from mini.generator.tongues import TAGS
from mini.generator.written import written

_STEPS, _RATE = 500, 0.1
_RIDGE = 1e-5
_SCALE = 8.0  # of the scores, so that numbers near one fit vectors of length one


def vectors(model: Path, texts: Sequence[str]) -> np.ndarray:
    """Return one vector of length 1 a text, (texts, width)."""
    loaded = Model(model)
    embedder = Embedder(loaded, threads=1)
    tokens = [embedder.tokens(text)[: embedder.window] for text in texts]
    order = sorted(range(len(texts)), key=lambda at: len(tokens[at]))  # a batch has texts of one length
    found = [one for batch in embedder.vectors([tokens[at] for at in order]) for one in batch]
    result = np.zeros((len(texts), len(found[0])), np.float32)
    result[order] = found
    embedder.close()
    loaded.close()
    return result


def fit(seen: np.ndarray, gold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights (width, classes) and bias of a softmax, by Adam with all sentences at every step."""
    inputs = np.concatenate([_SCALE * seen, np.ones((len(seen), 1), np.float32)], 1)
    weights = np.zeros((inputs.shape[1], len(CLASSES)), np.float32)  # the last row is the bias
    mean, spread = np.zeros_like(weights), np.zeros_like(weights)
    pull = np.full((len(weights), 1), 2 * _RIDGE, np.float32)
    pull[-1] = 0
    hot = np.eye(len(CLASSES), dtype=np.float32)[gold]
    for step in range(1, _STEPS + 1):
        scores = inputs @ weights
        chances = np.exp(scores - scores.max(1, keepdims=True))
        chances /= chances.sum(1, keepdims=True)
        gradient = inputs.T @ ((chances - hot) / len(seen)) + pull * weights
        mean = 0.9 * mean + 0.1 * gradient
        spread = 0.99 * spread + 0.01 * gradient**2
        rate = _RATE * (1 - step / _STEPS) * np.sqrt(1 - 0.99**step) / (1 - 0.9**step)
        weights -= rate * mean / (np.sqrt(spread) + 1e-9)
        if step % 100 == 0:
            loss = -np.log(np.maximum(chances[np.arange(len(gold)), gold], 1e-9)).mean()
            print(f"head step {step}: loss {loss:.4f}", flush=True)
    return weights[:-1] * _SCALE, weights[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the GGUF that scripts/embeddings makes")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    pairs = [(text, tool) for tag in TAGS for tool, texts in written(tag).items() for text in texts]
    gold = np.array([CLASSES.index(tool) for _, tool in pairs])
    weights, bias = fit(vectors(options.model, [text for text, _ in pairs]), gold)
    facts = encode(weights.T.tolist(), bias.tolist())
    options.out.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(f"head: {len(pairs)} sentences, {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
