"""Trains the language model on fresh examples until a number of steps is done; writes a checkpoint as it goes.

With `--teachers` it also learns how sure several trained models are together: one then knows nearly what all know.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from appliance.understanding.vocabulary import CALL, CLASSES, END, SPANS, USER, key_token, tool_token
from mini.generator.corpus import BY_HAND, WEIGHTS, Corpus, Example
from mini.generator.tongues import tongues
from mini.model import Mini, Shape, loaded
from mini.tokenizer import CONTROL, Tokenizer

# reading is practised a little, in every sixth batch: answering is what counts, and the output layer costs time
_TEXT_WEIGHT, _TEXT_EVERY = 0.3, 6
_TOOL_WEIGHT = 2.0
# copying words that were never seen is learned late and suddenly: it is practised for itself
_COPYING = {tool: WEIGHTS[tool] for tool, keys in SPANS.items() if keys}
_COPIED = 0.15  # share of the batches
_BATCH_TOKENS = 1800
_TAUGHT = 0.7  # share of the loss of a tool that comes from the teachers
_HEAT = 1.5  # softens what teachers say: their second thoughts count too
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
    """Inputs, targets and target weights, (batch, time) each; `asked` is where each row's tool is told, (batch,)."""

    inputs: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    asked: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        parts = (self.inputs, self.targets, self.weights, self.asked)
        return Batch(*(part.to(device, non_blocking=True) for part in parts))


def batches(
    tokenizer: Tokenizer,
    plain: Source,
    copying: Source,
    seed: int,
    tokens: int = _BATCH_TOKENS,
    unknown: float = _UNKNOWN,
) -> Iterator[Batch]:
    """Yield batches for ever: examples of all tools, and of those that copy with many unlisted words.

    `unknown` is the share of tokens that are replaced by a random one where nothing is copied.
    """
    rng = random.Random(seed)
    while True:
        copied = int(_POOL * _COPIED)
        drawn = [*plain.examples(_POOL - copied), *copying.examples(copied, _COPYING)]
        pool = sorted((sequence(e, tokenizer) for e in drawn), key=lambda s: len(s[0]))
        cut: list[list[tuple[list[int], int]]] = []
        begin = 0
        for at in range(len(pool) + 1):
            if at == len(pool) or (at - begin + 1) * len(pool[at][0]) > tokens:
                cut.append(pool[begin:at])
                begin = at
        rng.shuffle(cut)
        for number, rows in enumerate(cut):
            yield _batch(rows, len(tokenizer.tokens), rng, number % _TEXT_EVERY == 0, unknown)


def _batch(
    rows: list[tuple[list[int], int]], vocabulary: int, rng: random.Random, reading: bool, unknown: float
) -> Batch:
    words = range(len(CONTROL) + 256, vocabulary)
    longest = max(len(ids) for ids, _ in rows)
    inputs = torch.zeros(len(rows), longest - 1, dtype=torch.long)
    targets = torch.zeros_like(inputs)
    weights = torch.zeros(inputs.shape)
    asked = torch.tensor([start - 1 for _, start in rows])
    for row, (ids, start) in enumerate(rows):
        seen = list(ids[:-1])
        if len(ids) - start == 2:  # nothing to copy: a word may be unknown
            for at in range(1, start - 1):
                if rng.random() < unknown:
                    seen[at] = rng.choice(words)
        inputs[row, : len(seen)] = torch.tensor(seen)
        targets[row, : len(seen)] = torch.tensor(ids[1:])
        if reading:
            weights[row, : start - 1] = _TEXT_WEIGHT
        weights[row, start - 1 : len(seen)] = 1.0
        weights[row, start - 1] = _TOOL_WEIGHT
    return Batch(inputs, targets, weights, asked)


class Drawn(IterableDataset[Batch]):
    """The batches of one training, drawn in worker processes, each with a seed of its own."""

    def __init__(self, tokenizer: Path, seed: int, by_hand: float, tokens: int, unknown: float = _UNKNOWN) -> None:
        self._tokenizer, self._seed = tokenizer, seed
        self._by_hand, self._tokens, self._unknown = by_hand, tokens, unknown

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        seed = self._seed + 1000 * (worker.id if worker is not None else 0)
        known = tongues()
        plain, copying = Corpus(known, seed, by_hand=self._by_hand), Corpus(known, seed + 1, strange=0.6)
        return batches(Tokenizer.load(self._tokenizer), plain, copying, seed, self._tokens, self._unknown)


def held_out(model: Mini, tokenizer: Tokenizer, examples: list[Example]) -> float:
    """Return how many get the right tool. Same templates: not a measure of quality."""
    model.eval()
    first = tokenizer.ids[tool_token(CLASSES[0])]
    right = 0
    with torch.no_grad():
        for example in examples:
            ids, start = sequence(example, tokenizer)
            logits = model.logits(model(torch.tensor([ids[:start]], device=model.cos.device)))[0, -1]
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
    save_steps: int = _SAVE_STEPS

    def done(self, step: int, spent_s: float) -> float:
        """Return which part of the training lies behind, 0 to 1."""
        return min(1.0, spent_s / (60 * self.minutes) if self.minutes else step / self.steps)


def train(
    model: Mini,
    tokenizer: Tokenizer,
    drawn: Iterator[Batch],
    plan: Plan,
    unseen: list[Example],
    teachers: Sequence[Mini] = (),
) -> None:
    """Train until the plan is done; the checkpoint is written every few hundred steps."""
    wide = [p for p in model.parameters() if p.ndim == 2]
    thin = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": wide, "weight_decay": 0.05}, {"params": thin, "weight_decay": 0.0}], betas=(0.9, 0.98)
    )
    first = tokenizer.ids[tool_token(CLASSES[0])]
    device = model.cos.device
    begun, running, examples = time.monotonic(), 0.0, 0
    for step, batch in enumerate(drawn, 1):
        done = plan.done(step, time.monotonic() - begun)
        scale = min(1.0, step / _WARM_STEPS) * (0.04 + 0.96 * 0.5 * (1 + math.cos(math.pi * done)))
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * scale
        loss = _step(model, optimizer, batch.to(device), teachers, first)
        examples += len(batch.inputs)
        if step % 50 == 0:
            running = float(loss) if not running else 0.7 * running + 0.3 * float(loss)
            print(
                f"step {step} ({done:.0%}) loss {running:.4f} {examples} examples, {time.monotonic() - begun:.0f} s, "
                f"CPU {time.process_time():.0f} s",
                flush=True,
            )
        if step % plan.save_steps == 0 or done >= 1:
            torch.save(model.state_dict(), plan.out)
            print(f"held out (same templates): {held_out(model, tokenizer, unseen):.3f}", flush=True)
        if done >= 1:
            return


def _step(
    model: Mini, optimizer: torch.optim.Optimizer, batch: Batch, teachers: Sequence[Mini], first: int
) -> torch.Tensor:
    with torch.autocast(batch.inputs.device.type, torch.bfloat16, enabled=batch.inputs.is_cuda):
        hidden = model(batch.inputs)
        weighed = batch.weights > 0  # only there the output layer is needed
        logits = model.logits(hidden[weighed])
    weights = batch.weights[weighed]
    losses = functional.cross_entropy(logits.float(), batch.targets[weighed], reduction="none", label_smoothing=0.02)
    if teachers:
        at = torch.arange(len(batch.asked), device=batch.asked.device)
        tool = model.logits(hidden[at, batch.asked]).float()[:, first : first + len(CLASSES)]
        taught = functional.kl_div(
            functional.log_softmax(tool / _HEAT, -1), _opinion(teachers, batch, first), reduction="none"
        ).sum(-1)
        loss = (1 - _TAUGHT) * (losses * weights).sum() / weights.sum() + _TAUGHT * _HEAT**2 * taught.mean()
    else:
        loss = (losses * weights).sum() / weights.sum()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def _opinion(teachers: Sequence[Mini], batch: Batch, first: int) -> torch.Tensor:
    """Return the mean of what the teachers hold likely, (batch, classes)."""
    at = torch.arange(len(batch.asked), device=batch.asked.device)
    with torch.autocast(batch.inputs.device.type, torch.bfloat16, enabled=batch.inputs.is_cuda):
        said = [one.logits(one(batch.inputs)[at, batch.asked])[:, first : first + len(CLASSES)] for one in teachers]
    return torch.stack([functional.softmax(one.float() / _HEAT, -1) for one in said]).mean(0)


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
    parser.add_argument("--batch", type=int, default=_BATCH_TOKENS, help="tokens of a batch")
    parser.add_argument("--by-hand", type=float, default=BY_HAND, help="share of the sentences written by hand")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--workers", type=int, default=0, help="processes that draw examples; 0: between steps")
    parser.add_argument("--layers", type=int, default=Shape.layers, help="where --resume does not say it")
    parser.add_argument("--unknown", type=float, default=_UNKNOWN, help="share of tokens replaced by a random one")
    parser.add_argument("--save-steps", type=int, default=_SAVE_STEPS)
    parser.add_argument("--teachers", type=Path, nargs="*", default=[], help="checkpoints to learn from")
    parser.add_argument("--resume", type=Path, help="checkpoint to begin with (mini.grow makes one of a GGUF)")
    return parser


def main() -> None:
    chosen = options().parse_args()
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(chosen.seed)
    tokenizer = Tokenizer.load(chosen.tokenizer)
    device = torch.device(chosen.device)
    model = _model(tokenizer, chosen.drop, chosen.layers, chosen.resume).to(device)
    teachers = [_model(tokenizer, 0.0, chosen.layers, path).to(device).eval() for path in chosen.teachers]
    unseen = Corpus(tongues(), 99).examples(600)
    source = Drawn(chosen.tokenizer, chosen.seed, chosen.by_hand, chosen.batch, chosen.unknown)
    ahead = {"num_workers": chosen.workers, "prefetch_factor": 16} if chosen.workers else {}
    drawn = iter(DataLoader(source, batch_size=None, **ahead))
    plan = Plan(chosen.steps, chosen.minutes, chosen.rate, chosen.out, chosen.save_steps)
    train(model, tokenizer, drawn, plan, unseen, teachers)


def _model(tokenizer: Tokenizer, drop: float, layers: int, checkpoint: Path | None) -> Mini:
    if not checkpoint:
        return Mini(Shape(len(tokenizer.tokens), layers=layers), drop)
    return loaded(checkpoint, drop)


if __name__ == "__main__":
    main()
