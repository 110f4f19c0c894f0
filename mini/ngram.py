"""Fits the n-gram model and writes its int8 weights."""

from __future__ import annotations

import argparse
import json
import math
import struct
import time
from pathlib import Path

import numpy as np
import torch

from appliance.understanding.features import BUCKETS, features
from appliance.understanding.ngram import MAGIC
from mini.generator.corpus import WEIGHTS, Generator

CLASSES = tuple(WEIGHTS)


def fit(examples: int, epochs: int, seed: int, rate: float, decay: float) -> tuple[np.ndarray, np.ndarray]:
    """Return weights (buckets, classes) and bias (classes)."""
    torch.manual_seed(seed)
    flat: list[int] = []
    starts, labels = [0], []
    for example in Generator(seed).examples(examples):
        flat += features(example.text)
        starts.append(len(flat))
        labels.append(CLASSES.index(example.tool))
    ids, offsets, targets = torch.tensor(flat), torch.tensor(starts), torch.tensor(labels)
    bag = torch.nn.EmbeddingBag(BUCKETS, len(CLASSES), mode="sum", sparse=True)
    torch.nn.init.zeros_(bag.weight)
    bias = torch.zeros(len(CLASSES), requires_grad=True)
    sparse = torch.optim.Adagrad(bag.parameters(), lr=rate)
    dense = torch.optim.Adagrad([bias], lr=0.05)
    for epoch in range(epochs):
        order = torch.randperm(examples)
        total = 0.0
        for at in range(0, examples, 256):
            picked = order[at : at + 256]
            pieces = [ids[offsets[i] : offsets[i + 1]] for i in picked.tolist()]
            lengths = torch.tensor([len(p) for p in pieces])
            begin = torch.cumsum(lengths, 0) - lengths
            weight = torch.repeat_interleave(lengths.float().rsqrt(), lengths)
            logits = (
                torch.nn.functional.embedding_bag(
                    torch.cat(pieces), bag.weight, begin, mode="sum", sparse=True, per_sample_weights=weight
                )
                + bias
            )
            loss = torch.nn.functional.cross_entropy(logits, targets[picked], label_smoothing=0.005)
            sparse.zero_grad()
            dense.zero_grad()
            loss.backward()
            sparse.step()
            dense.step()
            total += float(loss) * len(picked)
        with torch.no_grad():
            bag.weight.mul_(1 - decay)
        print(f"n-gram epoch {epoch + 1}: loss {total / examples:.4f}", flush=True)
    return bag.weight.detach().numpy(), bias.detach().numpy()


def write(path: Path, weights: np.ndarray, bias: np.ndarray) -> None:
    """Quantise to one byte per weight (offset 128) and write."""
    scale = float(np.quantile(np.abs(weights[weights != 0]), 0.9995)) / 127
    rows = (np.clip(np.rint(weights / scale), -127, 127) + 128).astype(np.uint8)
    header = json.dumps({"classes": CLASSES, "scale": scale, "bias": [round(float(b), 5) for b in bias]}).encode()
    path.write_bytes(MAGIC + struct.pack("<I", len(header)) + header + rows.tobytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--examples", type=int, default=180_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--rate", type=float, default=0.3)
    parser.add_argument("--decay", type=float, default=0.0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    begun = time.process_time()
    write(options.out, *fit(options.examples, options.epochs, options.seed, options.rate, options.decay))
    print(f"n-gram: {options.out.stat().st_size / math.pow(2, 20):.1f} MiB, {time.process_time() - begun:.0f} CPU s")


if __name__ == "__main__":
    main()
