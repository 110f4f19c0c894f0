"""Fits the n-gram model and writes its int8 weights."""

from __future__ import annotations

import argparse
import json
import math
import struct
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from appliance.understanding.features import BUCKETS, features
from appliance.understanding.ngram import MAGIC
from appliance.understanding.vocabulary import CLASSES
from mini.generator.corpus import BY_HAND, Corpus
from mini.generator.tongues import TAGS, tongues

_BATCH = 256
_LANGUAGE_WEIGHT = 0.3  # telling the language is much easier than telling the tool


@dataclass(frozen=True, slots=True)
class Data:
    """Sentences as bags of buckets: sentence i has `flat[starts[i] : starts[i + 1]]`."""

    flat: Tensor
    starts: Tensor
    classes: Tensor
    languages: Tensor

    def __len__(self) -> int:
        return len(self.classes)


def data(count: int, seed: int, tags: list[str], by_hand: float = BY_HAND) -> Data:
    """Draw `count` examples, the same number of every language."""
    flat: list[int] = []
    starts, classes, languages = [0], [], []
    for example in Corpus(tongues(tags), seed, by_hand=by_hand).examples(count):
        flat += features(example.text)
        starts.append(len(flat))
        classes.append(CLASSES.index(example.tool))
        languages.append(TAGS.index(example.lang))
    return Data(torch.tensor(flat), torch.tensor(starts), torch.tensor(classes), torch.tensor(languages))


def fit(drawn: Data, epochs: int, seed: int, rate: float, drop: float, decay: float) -> tuple[np.ndarray, np.ndarray]:
    """Return weights (buckets, classes + languages) and bias; `drop` is the share of features left out at random."""
    torch.manual_seed(seed)
    width = len(CLASSES) + len(TAGS)
    bag = torch.nn.EmbeddingBag(BUCKETS, width, mode="sum", sparse=True)
    torch.nn.init.zeros_(bag.weight)
    bias = torch.zeros(width, requires_grad=True)
    sparse = torch.optim.Adagrad(bag.parameters(), lr=rate)
    dense = torch.optim.Adagrad([bias], lr=0.05)
    for epoch in range(epochs):
        order = torch.randperm(len(drawn))
        total = 0.0
        for at in range(0, len(drawn), _BATCH):
            picked = order[at : at + _BATCH]
            loss = _loss(bag, bias, drawn, picked, drop)
            sparse.zero_grad()
            dense.zero_grad()
            loss.backward()
            sparse.step()
            dense.step()
            total += float(loss) * len(picked)
        with torch.no_grad():
            bag.weight.mul_(1 - decay)
        print(f"n-gram epoch {epoch + 1}: loss {total / len(drawn):.4f}", flush=True)
    return bag.weight.detach().numpy(), bias.detach().numpy()


def _loss(bag: torch.nn.EmbeddingBag, bias: Tensor, drawn: Data, picked: Tensor, drop: float) -> Tensor:
    pieces = [drawn.flat[drawn.starts[i] : drawn.starts[i + 1]] for i in picked.tolist()]
    if drop:
        pieces = [piece[torch.rand(len(piece)) >= drop] for piece in pieces]
        pieces = [piece if len(piece) else torch.zeros(1, dtype=torch.long) for piece in pieces]
    lengths = torch.tensor([len(piece) for piece in pieces])
    begin = torch.cumsum(lengths, 0) - lengths
    weight = torch.repeat_interleave(lengths.float().rsqrt(), lengths)
    scores = bias + functional.embedding_bag(
        torch.cat(pieces), bag.weight, begin, mode="sum", sparse=True, per_sample_weights=weight
    )
    split = len(CLASSES)
    tool = functional.cross_entropy(scores[:, :split], drawn.classes[picked], label_smoothing=0.005)
    spoken = functional.cross_entropy(scores[:, split:], drawn.languages[picked], label_smoothing=0.005)
    return tool + _LANGUAGE_WEIGHT * spoken


def write(path: Path, weights: np.ndarray, bias: np.ndarray) -> None:
    """Quantise to one byte per weight (offset 128) and write."""
    scale = float(np.quantile(np.abs(weights[weights != 0]), 0.9995)) / 127
    rows = (np.clip(np.rint(weights / scale), -127, 127) + 128).astype(np.uint8)
    facts = {"classes": CLASSES, "languages": TAGS, "scale": scale, "bias": [round(float(b), 5) for b in bias]}
    header = json.dumps(facts).encode()
    path.write_bytes(MAGIC + struct.pack("<I", len(header)) + header + rows.tobytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--examples", type=int, default=300_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--rate", type=float, default=0.3)
    parser.add_argument("--drop", type=float, default=0.2)
    parser.add_argument("--decay", type=float, default=0.0)
    parser.add_argument("--by-hand", type=float, default=BY_HAND, help="share of the sentences written by hand")
    parser.add_argument("--langs", nargs="+", choices=TAGS, default=list(TAGS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    begun = time.process_time()
    drawn = data(options.examples, options.seed, options.langs, options.by_hand)
    print(f"n-gram: {len(drawn)} examples, {time.process_time() - begun:.0f} CPU s", flush=True)
    write(options.out, *fit(drawn, options.epochs, options.seed, options.rate, options.drop, options.decay))
    print(f"n-gram: {options.out.stat().st_size / math.pow(2, 20):.1f} MiB, {time.process_time() - begun:.0f} CPU s")


if __name__ == "__main__":
    main()
