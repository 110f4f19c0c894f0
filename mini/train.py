"""Trains the language model on fresh examples until a number of steps is done; writes a checkpoint as it goes."""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch.nn import functional

from appliance.understanding.vocabulary import CALL, CLASSES, END, SPANS, USER, key_token, tool_token
from mini.generator.corpus import BY_HAND, WEIGHTS, Corpus, Example
from mini.generator.tongues import tongues
from mini.model import Mini, Shape
from mini.tokenizer import CONTROL, Tokenizer

# reading is practised a little, in every sixth batch: answering is what counts, and the output layer costs time
_TEXT_WEIGHT, _TEXT_EVERY = 0.3, 6
_TOOL_WEIGHT = 2.0
# copying words that were never seen is learned late and suddenly: it is practised for itself
_COPYING = {tool: WEIGHTS[tool] for tool, keys in SPANS.items() if keys}
_COPIED = 0.15  # share of the batches
_BATCH_TOKENS = 1800
_UNKNOWN = 0.03
_WARM_STEPS, _SAVE_STEPS = 80, 300
_POOL = 4096  # examples that are sorted by length before they are cut into batches


def sequence(example: Example, tokenizer: Tokenizer) -> tuple[list[int], int]:
    """Return the ids of prompt and answer, and where the answer begins. Spans come in the order of SPANS.

    Where spans are not known the answer ends with its tool.
    """
    ids = tokenizer.ids
    prompt = [ids[USER], *tokenizer.encode(" " + example.text), ids[CALL]]
    answer = [ids[tool_token(example.tool)]]
    if example.spans is None:
        return [*prompt, *answer], len(prompt)
    spans: dict[str, str] = {}
    for key, words in example.spans:
        spans.setdefault(key, words)
    for key in SPANS.get(example.tool, ()):
        if key in spans:
            answer += [ids[key_token(key)], *tokenizer.encode(" " + spans[key])]
    return [*prompt, *answer, ids[END]], len(prompt)


class Source(Protocol):
    """What examples are drawn from; `mini.generator.corpus.Corpus` is one."""

    def examples(self, count: int, weights: Mapping[str, float] = WEIGHTS) -> list[Example]:
        """Return examples, the languages mixed."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs, targets and target weights, (batch, time) each."""

    inputs: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor


def batches(tokenizer: Tokenizer, plain: Source, copying: Source, seed: int) -> Iterator[Batch]:
    """Yield batches for ever: examples of all tools, and of those that copy with many unlisted words."""
    rng = random.Random(seed)
    while True:
        copied = int(_POOL * _COPIED)
        drawn = [*plain.examples(_POOL - copied), *copying.examples(copied, _COPYING)]
        pool = sorted((sequence(e, tokenizer) for e in drawn), key=lambda s: len(s[0]))
        cut: list[list[tuple[list[int], int]]] = []
        begin = 0
        for at in range(len(pool) + 1):
            if at == len(pool) or (at - begin + 1) * len(pool[at][0]) > _BATCH_TOKENS:
                cut.append(pool[begin:at])
                begin = at
        rng.shuffle(cut)
        for number, rows in enumerate(cut):
            yield _batch(rows, len(tokenizer.tokens), rng, number % _TEXT_EVERY == 0)


def _batch(rows: list[tuple[list[int], int]], vocabulary: int, rng: random.Random, reading: bool) -> Batch:
    words = range(len(CONTROL) + 256, vocabulary)
    longest = max(len(ids) for ids, _ in rows)
    inputs = torch.zeros(len(rows), longest - 1, dtype=torch.long)
    targets = torch.zeros_like(inputs)
    weights = torch.zeros(inputs.shape)
    for row, (ids, start) in enumerate(rows):
        seen = list(ids[:-1])
        if len(ids) - start == 2:  # nothing to copy: a word may be unknown
            for at in range(1, start - 1):
                if rng.random() < _UNKNOWN:
                    seen[at] = rng.choice(words)
        inputs[row, : len(seen)] = torch.tensor(seen)
        targets[row, : len(seen)] = torch.tensor(ids[1:])
        if reading:
            weights[row, : start - 1] = _TEXT_WEIGHT
        weights[row, start - 1 : len(seen)] = 1.0
        weights[row, start - 1] = _TOOL_WEIGHT
    return Batch(inputs, targets, weights)


def held_out(model: Mini, tokenizer: Tokenizer, examples: list[Example]) -> float:
    """Return how many get the right tool. Same templates: not a measure of quality."""
    model.eval()
    first = tokenizer.ids[tool_token(CLASSES[0])]
    right = 0
    with torch.no_grad():
        for example in examples:
            ids, start = sequence(example, tokenizer)
            logits = model.logits(model(torch.tensor([ids[:start]])))[0, -1]
            right += CLASSES[int(logits[first : first + len(CLASSES)].argmax())] == example.tool
    model.train()
    return right / len(examples)


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast to learn: until `steps` are done, or `minutes` of the clock if those are given."""

    steps: int
    minutes: float
    rate: float
    out: Path

    def done(self, step: int, spent_s: float) -> float:
        """Return which part of the training lies behind, 0 to 1."""
        return min(1.0, spent_s / (60 * self.minutes) if self.minutes else step / self.steps)


def train(model: Mini, tokenizer: Tokenizer, drawn: Iterator[Batch], plan: Plan, unseen: list[Example]) -> None:
    """Train until the plan is done; the checkpoint is written every few hundred steps."""
    wide = [p for p in model.parameters() if p.ndim == 2]
    thin = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": wide, "weight_decay": 0.05}, {"params": thin, "weight_decay": 0.0}], betas=(0.9, 0.98)
    )
    begun, running, examples = time.monotonic(), 0.0, 0
    for step, batch in enumerate(drawn, 1):
        done = plan.done(step, time.monotonic() - begun)
        scale = min(1.0, step / _WARM_STEPS) * (0.04 + 0.96 * 0.5 * (1 + math.cos(math.pi * done)))
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * scale
        loss = _step(model, optimizer, batch)
        running, examples = 0.98 * running + 0.02 * loss, examples + len(batch.inputs)
        if step % 50 == 0:
            mean = running / (1 - 0.98**step)
            print(
                f"step {step} ({done:.0%}) loss {mean:.4f} {examples} examples, {time.monotonic() - begun:.0f} s, "
                f"CPU {time.process_time():.0f} s",
                flush=True,
            )
        if step % _SAVE_STEPS == 0 or done >= 1:
            torch.save(model.state_dict(), plan.out)
            print(f"held out (same templates): {held_out(model, tokenizer, unseen):.3f}", flush=True)
        if done >= 1:
            return


def _step(model: Mini, optimizer: torch.optim.Optimizer, batch: Batch) -> float:
    weighed = batch.weights > 0  # only there the output layer is needed
    weights = batch.weights[weighed]
    logits = model.logits(model(batch.inputs)[weighed])
    losses = functional.cross_entropy(logits, batch.targets[weighed], reduction="none", label_smoothing=0.02)
    loss = (losses * weights).sum() / weights.sum()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return float(loss)


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=9000)
    parser.add_argument("--minutes", type=float, default=0.0, help="end after this time instead of --steps")
    parser.add_argument("--rate", type=float, default=1.2e-3)
    parser.add_argument("--drop", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", type=Path, help="checkpoint to begin with (mini.grow makes one of a GGUF)")
    return parser


def main() -> None:
    chosen = options().parse_args()
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(chosen.seed)
    tokenizer = Tokenizer.load(chosen.tokenizer)
    model = Mini(Shape(len(tokenizer.tokens)), chosen.drop)
    if chosen.resume:
        model.load_state_dict(torch.load(chosen.resume))
    known = tongues()
    unseen = Corpus(known, 99).examples(600)
    plain, copying = Corpus(known, chosen.seed, by_hand=BY_HAND), Corpus(known, chosen.seed + 1, strange=0.6)
    drawn = batches(tokenizer, plain, copying, chosen.seed)
    train(model, tokenizer, drawn, Plan(chosen.steps, chosen.minutes, chosen.rate, chosen.out), unseen)


if __name__ == "__main__":
    main()
