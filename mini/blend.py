"""Writes the mean of trained weights: checkpoints that began at the same point, or n-gram models.

The mean of linear models says what their vote would say; of checkpoints nearly so, where one training went on from
the other. Either costs nothing at run time. Several n-gram models, or several checkpoints, in; one of the kind out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from appliance.understanding.features import BUCKETS
from appliance.understanding.ngram import load
from mini.ngram import write


def shares(count: int, given: Sequence[float]) -> list[float]:
    """Return what each part weighs, together 1; all the same where nothing is given. Raises ValueError."""
    if given and len(given) != count:
        raise ValueError(f"{len(given)} shares for {count} files: give one for each, or none")
    chosen = list(given) or [1.0] * count
    if min(chosen) < 0 or sum(chosen) <= 0:
        raise ValueError("shares are positive")
    return [one / sum(chosen) for one in chosen]


def blended_ngrams(paths: Sequence[Path], parts: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean weights (buckets, classes + languages) and the mean bias."""
    weights, bias = np.zeros(0), np.zeros(0)
    for path, part in zip(paths, parts, strict=True):
        model = load(path)
        rows = np.frombuffer(model.rows, dtype=np.uint8).reshape(BUCKETS, -1).astype(np.float32) - 128
        weights = weights + part * model.scale * rows if weights.size else part * model.scale * rows
        bias = bias + part * np.array(model.bias) if bias.size else part * np.array(model.bias)
    return weights, bias


def blended_checkpoints(paths: Sequence[Path], parts: Sequence[float]) -> dict[str, torch.Tensor]:
    """Return the mean of every parameter. Raises ValueError where the checkpoints are of different networks."""
    found: dict[str, torch.Tensor] = {}
    for path, part in zip(paths, parts, strict=True):
        state = torch.load(path, map_location="cpu")
        if found and {name: one.shape for name, one in found.items()} != {n: one.shape for n, one in state.items()}:
            raise ValueError(f"{path.name} is of another network than {paths[0].name}")
        for name, one in state.items():
            found[name] = part * one.float() + found.get(name, 0.0)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="checkpoints (.pt) or n-gram models (.bin)")
    parser.add_argument("--shares", type=float, nargs="*", default=[], help="what each weighs; the same without it")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    parts = shares(len(options.files), options.shares)
    if options.out.suffix == ".pt":
        torch.save(blended_checkpoints(options.files, parts), options.out)
    else:
        write(options.out, *blended_ngrams(options.files, parts))


if __name__ == "__main__":
    main()
