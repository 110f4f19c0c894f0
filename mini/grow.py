"""Makes a checkpoint for a new vocabulary out of a shipped GGUF: what it knows of known tokens is kept.

So a training may begin with the weights of the last release when tools, languages or merges were added. Tokens that
are new begin as the mean of the pieces they are made of.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import gguf
import numpy as np
import torch

from mini.export import target
from mini.model import Mini, Shape
from mini.tokenizer import Tokenizer

_NOISE = 0.01  # new control tokens start near the mean of all, not at the same point


def tensors(path: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the weights of a GGUF as f32 and its token list."""
    reader = gguf.GGUFReader(path)
    weights = {one.name: gguf.dequantize(one.data, one.tensor_type) for one in reader.tensors}
    field = reader.fields["tokenizer.ggml.tokens"]
    return weights, [bytes(field.parts[at]).decode() for at in field.data]


def grown(old: dict[str, np.ndarray], names: list[str], tokenizer: Tokenizer) -> dict[str, torch.Tensor]:
    """Return the state of a Mini with the vocabulary of `tokenizer`."""
    model = Mini(Shape(len(tokenizer.tokens)))
    state = model.state_dict()
    for name in state:
        if name != "embed.weight":
            state[name] = torch.from_numpy(np.array(old[target(name)]))
    table = old["token_embd.weight"]
    places = {name: at for at, name in enumerate(names)}
    rows: dict[str, np.ndarray] = {}
    pairs = dict(zip((a + b for a, b in tokenizer.merges), tokenizer.merges, strict=True))
    random = np.random.default_rng(1)
    for token in tokenizer.tokens:
        if token in places:
            rows[token] = table[places[token]]
        elif token in pairs:
            first, second = pairs[token]
            rows[token] = (rows[first] + rows[second]) / 2
        else:
            rows[token] = table.mean(0) + random.normal(0, _NOISE, table.shape[1])
    state["embed.weight"] = torch.tensor(np.stack([rows[token] for token in tokenizer.tokens]), dtype=torch.float32)
    return state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="GGUF to begin with")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    old, names = tensors(options.model)
    tokenizer = Tokenizer.load(options.tokenizer)
    torch.save(grown(old, names, tokenizer), options.out)
    new = sum(token not in set(names) for token in tokenizer.tokens)
    print(f"grow: {len(tokenizer.tokens)} tokens, {new} of them new")


if __name__ == "__main__":
    main()
